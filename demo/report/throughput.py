"""Requests over time: how many per minute, compared with the limit, and how they were answered."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from demo.report.chart import Series

WINDOW_S = 60.0
LOGIN_PATH = "/oauth/token"

#: kinds of answers, in the order of the stack
KINDS = {
    "accepted": "good",
    "429": "wait",
    "refused": "bad",
    "failed or lost": "doubt",
}


def kind_of(request: Mapping[str, Any]) -> str:
    """What the client learned."""
    status = int(request["status"])
    if 200 <= status < 300:
        return "accepted"
    if status == 429:
        return "429"
    return "refused" if 400 <= status < 500 else "failed or lost"


def of_api(requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Requests that count towards the limit: all except logins."""
    return [request for request in requests if request["path"] != LOGIN_PATH]


def rolling(requests: Sequence[Mapping[str, Any]], began_at: float) -> list[tuple[float, float]]:
    """The number of requests in the 60 seconds before each one; those answered 429 do not count."""
    points: list[tuple[float, float]] = [(0.0, 0.0)]
    recent: deque[float] = deque()
    for request in requests:
        at = float(request["at"])
        if kind_of(request) == "429":
            continue
        recent.append(at)
        while recent[0] <= at - WINDOW_S:
            recent.popleft()
        points.append((max(0.0, at - began_at), float(len(recent))))
    return points


def by_second(requests: Sequence[Mapping[str, Any]], began_at: float) -> list[Series]:
    """Requests in each second, by their answers."""
    counted: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for request in requests:
        counted[kind_of(request)][max(0, int(float(request["at"]) - began_at))] += 1
    return [
        Series(kind, colour, [(float(x), float(y)) for x, y in sorted(counted[kind].items())])
        for kind, colour in KINDS.items()
        if counted[kind]
    ]
