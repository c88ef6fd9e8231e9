"""Compares the events that Genesys' record implies with the claims: which are missing, when, and
how to show that.

A claim names its event's conversation, topic and identity. Under the identity rule `moment`, the
identity of an implied event is known, so each can be looked up. Under other rules they can only be
counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lambdas.relay.audit.record import Expected

#: this many missing events in a row are not an accident
RUN_MIN = 3

#: everything: nothing arrived for a while; topic: nothing of one type, while others arrived;
#: single: some events among others that arrived
Cause = Literal["everything", "topic", "single"]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that arrived, according to its claim."""

    identity: str
    topic: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the events of a type that arrived have the times of Genesys' record."""

    same: int = 0
    other: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether an event of the type can be rebuilt with the identity of the genuine one."""
        return self.same > 0 and self.other == 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing events and the probable cause; `until_ms` is the time of the last one."""

    cause: Cause
    since_ms: int
    until_ms: int
    missing: tuple[Expected, ...]

    @property
    def conversations(self) -> list[str]:
        return sorted({event.conversation_id for event in self.missing})

    @property
    def types(self) -> list[str]:
        return sorted({event.detail_type for event in self.missing})


@dataclass(frozen=True, slots=True)
class Comparison:
    expected: tuple[Expected, ...]
    gaps: tuple[Gap, ...]
    #: by detail-type, for those identified by the rule `moment`
    agreement: Mapping[str, Agreement]

    @property
    def missing(self) -> list[Expected]:
        return [event for gap in self.gaps for event in gap.missing]

    @property
    def conversations(self) -> list[str]:
        return sorted({event.conversation_id for event in self.missing})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for one conversation's events. Only missing events keep their bodies, since a day
    has hundreds of thousands of events."""

    #: arrived with the same identity
    same: tuple[Expected, ...]
    #: taken as arrived, since their topic has as many other claims
    other: tuple[Expected, ...]
    missing: tuple[Expected, ...]
    #: types whose events are identified by the rule `moment`
    by_moment: tuple[str, ...]

    @property
    def bare(self) -> "Verdict":
        """The same without the bodies of the missing events."""
        return replace(self, missing=tuple(event.bare for event in self.missing))

    @property
    def events(self) -> tuple[Expected, ...]:
        return (*self.same, *self.other, *self.missing)


def verdict_on(
    events: Iterable[Expected],
    heard: Sequence[Heard],
    identity_of: Callable[[Expected], str | None],
) -> Verdict:
    """The verdict on one conversation, from the `events` that its record implies and its claims;
    `identity_of` returns the identity of an event, None if the record does not determine it."""
    claimed: dict[str, set[str]] = defaultdict(set)
    for claim in heard:
        claimed[claim.topic.lower()].add(claim.identity)
    same: list[Expected] = []
    other: list[Expected] = []
    missing: list[Expected] = []
    by_moment: list[str] = []
    for topic, implied in _by_topic(sorted(events, key=lambda e: e.at_ms)).items():
        known = {event: identity_of(event) for event in implied}
        found = claimed[topic.lower()]
        exact = [event for event in implied if known[event] in found]
        # The topic's other claims count for as many other events, the earliest first, since it is
        # not known which events they are for.
        left = len(found) - len({known[event] for event in exact})
        rest = [event for event in implied if known[event] not in found]
        same += exact
        other += rest[:left]
        missing += rest[left:]
        if any(identity is not None for identity in known.values()):
            by_moment.append(implied[0].detail_type)
    return Verdict(
        tuple(event.bare for event in same),
        tuple(event.bare for event in other),
        tuple(missing),
        tuple(by_moment),
    )


def conclude(verdicts: Iterable[Verdict]) -> Comparison:
    """Combines the verdicts on all conversations of a period."""
    every = list(verdicts)
    same = Counter(event.detail_type for each in every for event in each.same)
    other = Counter(event.detail_type for each in every for event in each.other)
    ordered = sorted((event for each in every for event in each.events), key=lambda e: e.at_ms)
    came = {event for each in every for event in (*each.same, *each.other)}
    by_moment = sorted({name for each in every for name in each.by_moment})
    return Comparison(
        expected=tuple(ordered),
        gaps=tuple(_gaps(ordered, came)),
        agreement={name: Agreement(same[name], other[name]) for name in by_moment},
    )


def _by_topic(events: Iterable[Expected]) -> Mapping[str, list[Expected]]:
    found: dict[str, list[Expected]] = defaultdict(list)
    for event in events:
        found[event.topic].append(event)
    return found


def _gaps(ordered: Sequence[Expected], came: set[Expected]) -> Iterator[Gap]:
    forgotten = _forgotten(ordered, came)
    for detail_type in sorted(forgotten):
        yield _gap("topic", [event for event in ordered if event.detail_type == detail_type])
    others: list[Expected] = []
    for run in _runs([e for e in ordered if e.detail_type not in forgotten], came):
        if len(run) >= RUN_MIN and len({event.conversation_id for event in run}) > 1:
            yield _gap("everything", run)
        else:
            others += run
    if others:
        yield _gap("single", others)


def _forgotten(ordered: Sequence[Expected], came: set[Expected]) -> set[str]:
    """Types of which nothing arrived, while others did."""
    implied = Counter(event.detail_type for event in ordered)
    arrived = Counter(event.detail_type for event in came)
    if not came:
        return set()
    return {name for name, count in implied.items() if count >= RUN_MIN and not arrived[name]}


def _runs(ordered: Sequence[Expected], came: set[Expected]) -> Iterator[list[Expected]]:
    """Runs of missing events without one that arrived in between."""
    run: list[Expected] = []
    for event in ordered:
        if event not in came:
            run.append(event)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _gap(cause: Cause, missing: Sequence[Expected]) -> Gap:
    return Gap(cause, missing[0].at_ms, missing[-1].at_ms, tuple(missing))


def bar(comparison: Comparison, since_ms: int, until_ms: int, slots: int) -> list[tuple[int, int]]:
    """How many events were expected and missing in each of `slots` equal parts of the period."""
    missing = set(comparison.missing)
    drawn = [[0, 0] for _ in range(slots)]
    for event in comparison.expected:
        place = min(slots - 1, (event.at_ms - since_ms) * slots // max(1, until_ms - since_ms))
        drawn[place][0] += 1
        drawn[place][1] += event in missing
    return [(count, gone) for count, gone in drawn]
