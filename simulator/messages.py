"""Requests and answers as values: the core uses these and no HTTP library."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `path` is decoded and without its query, header names ignore case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", {k.lower(): v for k, v in self.headers.items()})

    def header(self, name: str) -> str:
        """The header's value, "" if it is absent."""
        return self.headers.get(name.lower(), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, `delay_s` seconds after the request's arrival.

    A client that waits less than `delay_s` sees a timeout. `dropped`: the connection closes after
    `body`, which is then only the part that got through (empty: not even a status line, `status`
    is 0). `reset`: it closes by a TCP reset instead of in an orderly way.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    delay_s: float
    dropped: bool
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An endpoint's result: a status and a JSON value (None: an empty body)."""

    status: int
    json: Any


def json_answer(reply: Reply, headers: Mapping[str, str]) -> Answer:
    """The answer with this reply, without delay."""
    if reply.json is None:
        return Answer(reply.status, headers, b"", 0.0, False)
    typed = {"Content-Type": "application/json", **headers}
    return Answer(reply.status, typed, json.dumps(reply.json).encode(), 0.0, False)


def no_answer(delay_s: float, reset: bool) -> Answer:
    """The connection closes after `delay_s` seconds without a byte of an answer."""
    return Answer(0, {}, b"", delay_s, True, reset)
