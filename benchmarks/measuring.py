"""A run's results, read from the simulator's own record."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.world import START_MS, World
from simulator.ratelimit import ALLOWED, WINDOW_S
from simulator.record import RequestEntry


@dataclass(frozen=True, slots=True)
class Measured:
    #: of the requests that Genesys permitted while more were waiting than it permits
    used_share: float
    share_429: float
    requests: int
    #: seconds from the run's beginning to its last event
    ended_s: float
    waited_s: float
    #: ledger writes only for slots and breaker, per request
    limiter_writes: float
    delivered: int
    #: invocations of the writers, including those that were not admitted
    invocations: int
    #: requests granted before Genesys' outage, and those sent during it
    before_outage: int
    in_vain: int


def requests_of(world: World) -> list[RequestEntry]:
    """Those that count towards the limit: everything except logins."""
    return [entry for entry in world.platform.record.requests if entry.endpoint != "login"]


def measured(world: World, permitted: Sequence[tuple[float, int]] = ((0.0, ALLOWED),)) -> Measured:
    """`permitted`: how many requests per window we may send, from which second on."""
    requests = requests_of(world)
    granted = [e.at - START_MS / 1000 for e in requests if e.status not in (0, 429, 503)]
    refused = sum(entry.status == 429 for entry in requests)
    settled = sum(entry.status == 200 for entry in requests)
    return Measured(
        used_share=_used_share(granted, permitted),
        share_429=refused / len(requests),
        requests=len(requests),
        ended_s=granted[-1],
        waited_s=world.account.waited_s,
        # Each accepted request costs its record two writes: opened, settled.
        limiter_writes=(world.table.writes - world.writes_before - 2 * settled) / len(requests),
        before_outage=sum(e.status == 200 and e.at < _outage_begins(requests) for e in requests),
        invocations=world.account.invocations,
        in_vain=sum(entry.status >= 500 for entry in requests),
        delivered=len({effect.item_id for effect in world.platform.record.effects}),
    )


def _outage_begins(requests: Sequence[RequestEntry]) -> float:
    return min((entry.at for entry in requests if entry.status >= 500), default=math.inf)


def _used_share(granted: Sequence[float], permitted: Sequence[tuple[float, int]]) -> float:
    """Over all windows but the last, which need not be full. A window lasts until the next one
    begins, so that beginning one late counts as a loss, too."""
    openings: list[float] = []
    for at in granted:
        if not openings or at >= openings[-1] + WINDOW_S:
            openings.append(at)
    if len(openings) < 2:
        return 0.0
    used = sum(at < openings[-1] for at in granted)
    room = sum(
        _permitted_at(until, permitted) * (until - since) / WINDOW_S
        for since, until in pairwise(openings)
    )
    return used / room


def _permitted_at(moment: float, permitted: Sequence[tuple[float, int]]) -> int:
    return [allowed for since, allowed in permitted if since < moment][-1]


def least_s(requests: int, allowed: int = ALLOWED) -> float:
    """The physical minimum for `requests`: whole windows, and no time within the last."""
    return (max(0, requests - 1) // allowed) * WINDOW_S
