"""Correlation: how an event is matched with the request that caused it.

Genesys may copy our `x-correlation-id` into the event, or the event may only name the conversation
or entity that the request was about; the destination's `Confirmation` says which. In the first case
the event names the request's record; in the others, entries in the ledger lead to it
(correlation/entries.py). The expected effect of a request is stored in its record before it is
sent.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from lambdas.relay.destinations.truth import Expectation, Truth, imprint, imprinted, named
from lambdas.relay.entrances.events import Event
from lambdas.relay.kernel.canonical import Json, canonical, read_json
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.field_types import holds
from lambdas.relay.kernel.labels import key_text, label
from lambdas.relay.kernel.limits import (
    COUNT_MAX,
    EXPECTED_BYTES_MAX,
    FACTS_CHARS_MAX,
    HOLD_S,
    KEYS_EXPECTED_MAX,
    SHOWN_CHARS_MAX,
)
from lambdas.relay.kernel.patterns import fits
from lambdas.relay.kernel.personal import is_personal
from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target

Match = Literal["correlation", "conversation", "entity"]
#: where the key comes from: Genesys' answer (its `id`), the conversation of the event that led to
#: the request, or a member of the item
ANSWER = "answer"
CONVERSATION = "conversation"
#: the published tutorials' windows: 10 s for a simple request, 30 s for a routed one
SIMPLE_WINDOW_S = 10
ROUTED_WINDOW_S = 30

#: the target of batches that are not requests: events that no route takes, but that a request of
#: ours may have caused
CANDIDATES = Target("(candidates)", "", "", "single")
#: the topic of the only event of a compensating request, which waits for no confirmation
COMPENSATION = "relay.compensation"


@dataclass(frozen=True, slots=True)
class Compensation:
    """The request that corrects Genesys if the truth differs from what was expected, or is there
    twice."""

    method: str
    #: with {key}
    path: str
    body: Json


@dataclass(frozen=True, slots=True)
class Place:
    """What a request's path names within its key, such as the participant of a conversation."""

    #: the member of an event's body that names it
    member: str
    #: the word of the path before it
    after: str

    def of_path(self, path: str) -> str:
        """In lower case, as Genesys' ids are case-insensitive; "" if the path has no such word."""
        _, word, rest = path.partition(f"/{self.after}/")
        return unquote(rest.partition("/")[0]).lower() if word else ""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How a destination's requests are confirmed: by the events that they cause, or by asking for
    the truth."""

    match: Match
    #: detail-types of the events that a request causes: they confirm it and are never written;
    #: empty: there are no such events, and the truth is asked for only before a repetition
    topics: tuple[str, ...]
    #: how long the event may take before Genesys is asked
    window_s: int
    #: further detail-types whose order the record keeps; routes take them as news
    follows: tuple[str, ...] = ()
    #: those that complete the record; empty: any of `topics`
    completed_by: tuple[str, ...] = ()
    #: how long an early event waits for those that must precede it
    hold_s: int = HOLD_S
    #: ANSWER, CONVERSATION or the name of a member of the item
    key: str = ANSWER
    #: where events are matched by the correlation id: what the key names, so that an event that
    #: names another contradicts the record; None: nothing that events name
    names: Literal["conversation", "entity"] | None = None
    #: the request owns what the key names: every event of `topics` under it is an echo. Otherwise a
    #: request waits for one event of each type; later ones are news
    owned: bool = True
    #: members of the item that the event's body must contain
    shows: tuple[str, ...] = ()
    #: what of the key's the request is about; an event that names another is somebody else's
    place: Place | None = None
    #: the values that the mappings can write into these members; None: any
    writes: frozenset[str] | None = None
    #: None: Genesys cannot be asked, and a person decides if no event comes
    truth: Truth | None = None
    compensation: Compensation | None = None
    #: cancels duplicates; None: a person merges or cancels them
    cancel: Compensation | None = None

    @property
    def named(self) -> Literal["conversation", "entity"] | None:
        """What the key names."""
        return self.names if self.match == "correlation" else self.match

    @property
    def is_answered(self) -> bool:
        """Whether only Genesys' answer gives the key that the events will name."""
        return self.match != "correlation" and self.key == ANSWER

    @property
    def asks_first(self) -> bool:
        """Whether Genesys can be asked about each item before a repetition: by a key that belongs
        to one item and is known before the answer."""
        is_own = self.truth is not None and self.truth.is_of_item
        return is_own and self.key not in (ANSWER, CONVERSATION)

    @property
    def lasts(self) -> bool:
        """Whether events are matched with a request long after it was sent: it owns what the key
        names, or its record keeps the order of later events."""
        return self.owned or bool(self.follows)

    def causes(self, detail_type: str) -> bool:
        return _fits(detail_type, self.topics)

    def hears(self, detail_type: str) -> bool:
        return _fits(detail_type, (*self.topics, *self.follows))

    def completes(self, detail_type: str) -> bool:
        return _fits(detail_type, self.completed_by or self.topics)


def heard_by(confirmation: Confirmation | None) -> Callable[[str], bool]:
    """Which events a destination's records follow: none if it waits for none."""
    return (lambda detail_type: False) if confirmation is None else confirmation.hears


def _fits(detail_type: str, patterns: Iterable[str]) -> bool:
    return any(fits(detail_type, pattern) for pattern in patterns)


# --- the facts of an event


@dataclass(frozen=True, slots=True)
class Facts:
    """What correlation needs from an event, besides the members of every sealed event."""

    detail_type: str
    session: str
    entity: str
    #: None if the event has no sequence number
    sequence: int | None
    occurred_at_ms: int | None
    #: members of its body that some destination's requests can cause
    shows: Mapping[str, Json]


NO_FACTS = Facts("", "", "", None, None, {})


def facts_of(event: Event, confirmations: Iterable[Confirmation]) -> str:
    """The facts to seal with an event that some destination follows; "" for any other. Only
    Genesys' own events confirm requests."""
    if event.entrance != "partner":
        return ""
    listening = [c for c in confirmations if c.hears(event.detail_type)]
    if not listening:
        return ""
    sequence = event.body.get("sequenceNumber", event.body.get("sequence"))
    return canonical(
        [
            label(event.detail_type),
            label(_text(event.body.get("sessionId"))),
            key_text(_entity(event)),
            sequence if _is_count(sequence) else None,
            event.occurred_at_ms,
            _shown(event, listening),
        ]
    )


def _shown(event: Event, listening: Sequence[Confirmation]) -> dict[str, Json]:
    """The members of the event that requests can cause. If they are large, only those that our
    mappings can write, so that others do not displace the expected ones."""
    places = {confirmation.place.member for confirmation in listening if confirmation.place}
    names = sorted({name for confirmation in listening for name in confirmation.shows} | places)
    shows = {name: imprint(event.body[name]) for name in names if event.body.get(name) is not None}
    if len(canonical(shows)) <= FACTS_CHARS_MAX:
        return shows
    for name in shows:
        writers = [c.writes for c in listening if name in c.shows]
        ours = frozenset[str]().union(*(writes or () for writes in writers))
        if None not in writers and isinstance(shows[name], Mapping):
            shows[name] = {key: value for key, value in shows[name].items() if key in ours}
    return imprinted(shows, FACTS_CHARS_MAX)


def read_facts(event: SealedEvent) -> Facts:
    """Raises Malformed if the sealed facts are invalid."""
    if not event.facts:
        return NO_FACTS
    rows = read_json(event.facts, "what is sealed of an event for correlation")
    try:
        facts = Facts(*rows)
    except TypeError:
        facts = None
    if facts is None or not holds(facts) or not isinstance(facts.shows, Mapping):
        raise Malformed(Code.NO_BATCH("the facts of an event have the wrong type or value"))
    return facts


def _entity(event: Event) -> str:
    """The entity: the first id in the topic, else the body's `id`."""
    words, names = event.topic.split("."), event.detail_type.split(".")
    if len(words) == len(names):
        named = [word for word, name in zip(words, names, strict=True) if name == "{id}"]
        if named:
            return named[0]
    return _text(event.body.get("id"))


def _is_count(value: Json) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 0 <= value <= COUNT_MAX


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


# --- the expected effect of a request


def is_compensation(batch: Batch) -> bool:
    return batch.events[0].topic == COMPENSATION


def confirmation_of(batch: Batch, confirmation: Confirmation | None) -> Confirmation | None:
    """How a request is confirmed. A compensating request is not tracked."""
    return None if confirmation is None or is_compensation(batch) else confirmation


def unheard(key: str, shows: tuple[str, ...], truth: Truth) -> Confirmation:
    """For what no event tells of: Genesys can only be asked, by a key of the item's own."""
    return Confirmation(
        match="entity",
        topics=(),
        window_s=SIMPLE_WINDOW_S,
        key=key,
        owned=False,
        shows=shows,
        truth=truth,
    )


def expectations(batch: Batch, confirmation: Confirmation) -> tuple[Expectation, ...]:
    """The attributes for the expected effect, stored in the record before the request is sent."""
    found: dict[str, Expectation] = {}
    for event in batch.events:
        expected = expectation(event, confirmation)
        found.setdefault(expected.key, expected)
    return tuple(list(found.values())[:KEYS_EXPECTED_MAX])


def expectation(
    event: SealedEvent, confirmation: Confirmation, most_chars: int = SHOWN_CHARS_MAX
) -> Expectation:
    """The expected effect of one item, as much of it as these characters hold."""
    members = event.members
    match confirmation.key:
        case "answer":
            key = ""
        case "conversation":
            # Genesys makes UUIDs: none of its events will name a conversation by a personal name.
            key = "" if is_personal(event.conversation_id) else event.conversation_id
        case member:
            key_of = named if confirmation.truth is None else confirmation.truth.key_of
            key = key_text(key_of(members.get(member)))
    shows = {name: members[name] for name in confirmation.shows if name in members}
    return Expectation(key, imprinted(shows, most_chars))


def expecting(batch: Batch, confirmation: Confirmation | None) -> Item:
    """The expected effect as attributes of the request's record."""
    tracked = confirmation_of(batch, confirmation)
    if tracked is None:
        return {}
    rows = [[row.key, row.shows] for row in expectations(batch, tracked)]
    text = canonical(rows)
    if len(text) > EXPECTED_BYTES_MAX:
        # If they are too large, the expected content is dropped before the keys.
        text = canonical([[key, {}] for key, _ in rows])
    return {"expected": text}


def read_expected(text: str) -> tuple[Expectation, ...]:
    return tuple(Expectation(key, shows) for key, shows in json.loads(text)) if text else ()
