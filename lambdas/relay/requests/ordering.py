"""The order of events as data: which ones must precede an event, per session.

A partial order, not a state machine: Genesys publishes per partition, so `acw` comes after
`customer.end`, and any `*.start` may arrive after its `*.end`. An event whose prerequisite has not
arrived is held in the record and released when it does; nothing polls. Events that were seen
already, or that a higher sequence number has overtaken, change nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.limits import HELD_CHARS_MAX, HELD_MAX, SEEN_BYTES_MAX, SEEN_MAX
from lambdas.relay.kernel.ports import Item

#: of a row of the seen events: its number, and DynamoDB's overhead
SEEN_ROW_BYTES = 10
_CONVERSATION = "v2.detail.events.conversation.{id}."

#: what must have been seen in the same session. Genesys documents no order; this is the minimum
#: that the events' meanings imply (docs/decisions/0008).
DETAIL_EVENTS: Mapping[str, tuple[str, ...]] = {
    "outbound": (),
    "customer.start": (),
    "customer.end": ("customer.start",),
    "contact": (),
    "attributes": (),
    "flow.start": (),
    "flow.outcome": ("flow.start",),
    "flow.end": ("flow.start",),
    "acd.start": (),
    "acd.end": ("acd.start",),
    "user.start": (),
    "user.end": ("user.start",),
    "acw": ("user.start", "user.end"),
    "wrapup": ("user.start",),
    "voicemail.start": (),
    "voicemail.end": ("voicemail.start",),
}

#: the lifecycle of published tutorials, one session, with sequence numbers
TUTORIAL: Mapping[str, tuple[str, ...]] = {
    "conversation:created": (),
    "routing:assigned": ("conversation:created",),
    "conversation:updated": ("conversation:created",),
    "conversation:ended": ("conversation:created", "routing:assigned"),
}

PREREQUISITES: Mapping[str, tuple[str, ...]] = {
    **{
        f"{_CONVERSATION}{name}": tuple(f"{_CONVERSATION}{need}" for need in needs)
        for name, needs in DETAIL_EVENTS.items()
    },
    **TUTORIAL,
}


@dataclass(frozen=True, slots=True)
class OrderedEvent:
    """An event, as far as its order matters."""

    identity: str
    detail_type: str
    session: str
    sequence: int | None
    #: when it reached the record
    heard_at_ms: int

    @property
    def name(self) -> str:
        return _name(self.session, self.detail_type)


def _name(session: str, detail_type: str) -> str:
    return f"{session}|{detail_type}"


#: replaces a sequence number if Genesys' truth, not an event, showed something
BY_TRUTH = -1


@dataclass(frozen=True, slots=True)
class Ordering:
    """The events that a record has seen and holds."""

    #: highest sequence number (0: none) by session and detail-type
    seen: Mapping[str, int]
    held: tuple[OrderedEvent, ...]

    @classmethod
    def of(cls, item: Item) -> "Ordering":
        return cls(
            seen=dict(item.get("seen", {})),
            held=tuple(
                OrderedEvent(
                    row["identity"],
                    row["detail_type"],
                    row["session"],
                    row.get("sequence"),
                    row["heard_at_ms"],
                )
                for row in item.get("held", ())
            ),
        )

    def as_item(self) -> Item:
        """The attributes of the record."""
        return {
            "seen": dict(self.seen),
            "held": [_row(ordered_event) for ordered_event in self.held],
        }

    def has_seen(self, fits: Callable[[str], bool]) -> bool:
        return any(fits(name.partition("|")[2]) for name in self.seen)


def _row(ordered_event: OrderedEvent) -> Item:
    row = {
        "identity": ordered_event.identity,
        "detail_type": ordered_event.detail_type,
        "session": ordered_event.session,
        "heard_at_ms": ordered_event.heard_at_ms,
    }
    return row if ordered_event.sequence is None else {**row, "sequence": ordered_event.sequence}


@dataclass(frozen=True, slots=True)
class Applied:
    """The record has advanced; `released` had been waiting for this."""

    ordering: Ordering
    released: tuple[OrderedEvent, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """It came too early; the names are those that must come first."""

    ordering: Ordering
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """It, or a later one, was seen before."""


@dataclass(frozen=True, slots=True)
class NoRoom:
    """It came too early, and the record has no room for more."""


Step = Applied | Held | Nothing | NoRoom


def step(ordering: Ordering, ordered_event: OrderedEvent, hears: Callable[[str], bool]) -> Step:
    """Applies one event. Only prerequisites that the record follows are waited for."""
    if _is_old(ordering, ordered_event) or any(
        h.identity == ordered_event.identity for h in ordering.held
    ):
        return Nothing()
    missing = missing_before(ordering, ordered_event, hears)
    if missing:
        held = (*ordering.held, ordered_event)
        size = len(canonical([_row(each) for each in held]))
        if len(held) > HELD_MAX or size > HELD_CHARS_MAX:
            return NoRoom()
        return Held(replace(ordering, held=held), missing)
    return _release(_see(ordering, ordered_event), hears)


def establish(
    ordering: Ordering, detail_types: tuple[str, ...], hears: Callable[[str], bool]
) -> Applied:
    """Genesys' truth replaces the events that did not come."""
    sessions = {ordered_event.session for ordered_event in ordering.held} | {""}
    seen = dict(ordering.seen)
    for session in sessions:
        for detail_type in detail_types:
            if not set("*?[") & set(detail_type):
                seen.setdefault(_name(session, detail_type), BY_TRUTH)
    return _release(replace(ordering, seen=seen), hears)


def missing_before(
    ordering: Ordering, ordered_event: OrderedEvent, hears: Callable[[str], bool]
) -> tuple[str, ...]:
    needed = PREREQUISITES.get(ordered_event.detail_type, ())
    return tuple(
        n for n in needed if hears(n) and _name(ordered_event.session, n) not in ordering.seen
    )


def _is_old(ordering: Ordering, ordered_event: OrderedEvent) -> bool:
    highest = ordering.seen.get(ordered_event.name)
    if highest is None:
        size = sum(
            len(name.encode()) + SEEN_ROW_BYTES for name in (*ordering.seen, ordered_event.name)
        )
        return len(ordering.seen) >= SEEN_MAX or size > SEEN_BYTES_MAX
    if highest == BY_TRUTH:
        return False  # the event itself may still come, and wins over the query
    return ordered_event.sequence is None or ordered_event.sequence <= highest


def _see(ordering: Ordering, ordered_event: OrderedEvent) -> Ordering:
    highest = max(ordering.seen.get(ordered_event.name, 0), ordered_event.sequence or 0)
    return replace(ordering, seen={**ordering.seen, ordered_event.name: highest})


def _release(ordering: Ordering, hears: Callable[[str], bool]) -> Applied:
    """Releases the events that wait for nothing any more, and those that waited for them."""
    released: list[OrderedEvent] = []
    for _ in range(HELD_MAX + 1):
        free = [h for h in ordering.held if not missing_before(ordering, h, hears)]
        if not free:
            break
        # In the order of Genesys' sequence numbers.
        for ordered_event in sorted(free, key=lambda h: (h.sequence or 0, h.heard_at_ms)):
            ordering = _see(ordering, ordered_event)
            released.append(ordered_event)
        ordering = replace(ordering, held=tuple(h for h in ordering.held if h not in free))
    return Applied(ordering, tuple(released))
