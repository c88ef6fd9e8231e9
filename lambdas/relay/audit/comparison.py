"""What Genesys' record implies beside what the ledger has claimed: what of it never came, when, and
how that looks.

A claim says which conversation and topic its event was of, and by what it is known; where the rule
is `moment`, an event that the record implies is known by the same, so that each is looked for by
itself. Elsewhere they can only be counted.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.audit.record import Expected

#: so many events on end that never came are no accident
RUN_MIN = 3

#: everything: nothing at all came for a while; topic: nothing of one type, while others came;
#: single: some events among others that came
Cause = Literal["everything", "topic", "single"]


@dataclass(frozen=True, slots=True)
class Heard:
    """An event that came, as its claim tells."""

    identity: str
    topic: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the events of a type that came: whether their moments are those of the record."""

    same: int = 0
    other: int = 0

    @property
    def is_shown(self) -> bool:
        """Whether an event of the type can be rebuilt so that it is known by the same."""
        return self.same > 0 and self.other == 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that never came, and why that may be; `until_ms` is the moment of the last one."""

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
    #: by detail-type, of those that are known by their moment
    agreement: Mapping[str, Agreement]

    @property
    def missing(self) -> list[Expected]:
        return [event for gap in self.gaps for event in gap.missing]

    @property
    def conversations(self) -> list[str]:
        return sorted({event.conversation_id for event in self.missing})


def compare(
    expected: Sequence[Expected],
    heard: Callable[[str], Sequence[Heard]],
    identity_of: Callable[[Expected], str | None],
) -> Comparison:
    """`heard` tells what came of a conversation; `identity_of` by what an event would be known if
    it came, None where that cannot be told from the record."""
    together: dict[str, list[Expected]] = defaultdict(list)
    for event in sorted(expected, key=lambda e: e.at_ms):
        together[event.conversation_id].append(event)
    came: set[Expected] = set()
    same: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for conversation_id, events in together.items():
        by_topic: dict[str, set[str]] = defaultdict(set)
        for claim in heard(conversation_id):
            by_topic[claim.topic.lower()].add(claim.identity)
        for topic, implied in _by_topic(events).items():
            found, exact = _found(implied, by_topic[topic.lower()], identity_of)
            came.update(found)
            if any(identity_of(event) is not None for event in implied):
                same[implied[0].detail_type] += exact
                other[implied[0].detail_type] += len(found) - exact
    ordered = tuple(event for events in together.values() for event in events)
    return Comparison(
        expected=ordered,
        gaps=tuple(_gaps(sorted(ordered, key=lambda e: e.at_ms), came)),
        agreement={name: Agreement(same[name], other[name]) for name in sorted({*same, *other})},
    )


def _by_topic(events: Sequence[Expected]) -> Mapping[str, list[Expected]]:
    found: dict[str, list[Expected]] = defaultdict(list)
    for event in events:
        found[event.topic].append(event)
    return found


def _found(
    implied: Sequence[Expected], claimed: set[str], identity_of: Callable[[Expected], str | None]
) -> tuple[list[Expected], int]:
    """Those that came, and how many of them are known to be the very ones. The rest of what was
    claimed of the topic stands for as many others, the earliest first: which it is nobody knows."""
    exact = [event for event in implied if identity_of(event) in claimed]
    left = len(claimed) - len({identity_of(event) for event in exact})
    others = [event for event in implied if event not in exact][:left]
    return [*exact, *others], len(exact)


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
    """Types of which nothing came at all, while something of others did."""
    implied = Counter(event.detail_type for event in ordered)
    arrived = Counter(event.detail_type for event in came)
    if not came:
        return set()
    return {name for name, count in implied.items() if count >= RUN_MIN and not arrived[name]}


def _runs(ordered: Sequence[Expected], came: set[Expected]) -> Iterator[list[Expected]]:
    """Missing events without one that came between them."""
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
    """Events expected, and those of them that never came, in so many equal parts of the time."""
    missing = set(comparison.missing)
    drawn = [[0, 0] for _ in range(slots)]
    for event in comparison.expected:
        place = min(slots - 1, (event.at_ms - since_ms) * slots // max(1, until_ms - since_ms))
        drawn[place][0] += 1
        drawn[place][1] += event in missing
    return [(count, gone) for count, gone in drawn]
