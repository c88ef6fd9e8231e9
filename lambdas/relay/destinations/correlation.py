"""Correlation: by what it is known which of our requests an event tells of.

Genesys may carry our `x-correlation-id` into the event, or only name the conversation or entity
that the request concerned; a destination says which (`Confirmation`). For the first, the event
names the request's record itself; for the others entries of the ledger lead to it
(correlation/entries.py). What a request is expected to bring about is stored in its record before
it is sent.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lambdas.relay.destinations.truth import Expectation, Truth, imprint, imprinted
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
from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target

Match = Literal["correlation", "conversation", "entity"]
#: where the key comes from: Genesys' answer (its `id`), the conversation of the event that made us
#: ask, or a member of the item that we send
ANSWER = "answer"
CONVERSATION = "conversation"
#: the published tutorials' windows: 10 s for a simple request, 30 s for a routed one
SIMPLE_WINDOW_S = 10
ROUTED_WINDOW_S = 30

#: the target of batches that are no request: events that no route takes, but that a request of
#: ours may have caused
CANDIDATES = Target("(candidates)", "", "", "single")
#: the topic of the one event of a compensating request, which awaits no confirmation of its own
COMPENSATION = "relay.compensation"


@dataclass(frozen=True, slots=True)
class Compensation:
    """The request that makes good where the truth is not what was expected, or there twice."""

    method: str
    #: with {key}
    path: str
    body: Json


@dataclass(frozen=True, slots=True)
class Confirmation:
    """How it is known later that a destination's request took effect: by the events that it
    causes, or by asking for the truth."""

    match: Match
    #: detail-types of the events that a request causes: they confirm it and are never written;
    #: none: no event tells, and the truth is asked before a repetition only
    topics: tuple[str, ...]
    #: how long the event may take; then Genesys is asked
    window_s: int
    #: detail-types whose order the record keeps as well; to the routes they are news
    follows: tuple[str, ...] = ()
    #: those that complete the record; none: any of `topics`
    completed_by: tuple[str, ...] = ()
    #: how long an event that came too early waits for what must precede it
    hold_s: int = HOLD_S
    #: ANSWER, CONVERSATION or the name of a member of the item
    key: str = ANSWER
    #: what the key names where events are matched by our correlation id: then an event that names
    #: another contradicts the record; None: nothing that an event names
    names: Literal["conversation", "entity"] | None = None
    #: the whole life of what the key names is the request's doing: every event of `topics` under
    #: it. Otherwise a request awaits one event of a type; what comes later is news
    owned: bool = True
    #: members of the item that the event's body must show
    shows: tuple[str, ...] = ()
    #: what the mappings can write into these members; None: anything
    writes: frozenset[str] | None = None
    #: None: Genesys cannot be asked, silence ends with a person
    truth: Truth | None = None
    compensation: Compensation | None = None
    #: cancels what was made once too often; None: a person merges or cancels it
    cancel: Compensation | None = None

    @property
    def named(self) -> Literal["conversation", "entity"] | None:
        """What the key names."""
        return self.names if self.match == "correlation" else self.match

    @property
    def is_answered(self) -> bool:
        """Only Genesys' answer gives the key that its events will name."""
        return self.match != "correlation" and self.key == ANSWER

    @property
    def asks_first(self) -> bool:
        """Before a repetition Genesys can tell of each item: by a key that is the item's alone and
        known before the answer."""
        is_own = self.truth is not None and self.truth.is_of_item
        return is_own and self.key not in (ANSWER, CONVERSATION)

    @property
    def lasts(self) -> bool:
        """A request is looked for as long as what the key names lives: all of that is its doing, or
        its record keeps the order of what becomes of it. Otherwise only around when it was sent."""
        return self.owned or bool(self.follows)

    def causes(self, detail_type: str) -> bool:
        return _fits(detail_type, self.topics)

    def hears(self, detail_type: str) -> bool:
        return _fits(detail_type, (*self.topics, *self.follows))

    def completes(self, detail_type: str) -> bool:
        return _fits(detail_type, self.completed_by or self.topics)


def heard_by(confirmation: Confirmation | None) -> Callable[[str], bool]:
    """Which events a destination's records hear of: none where it awaits none."""
    return (lambda detail_type: False) if confirmation is None else confirmation.hears


def _fits(detail_type: str, patterns: Iterable[str]) -> bool:
    return any(fits(detail_type, pattern) for pattern in patterns)


# --- what an event says of itself


@dataclass(frozen=True, slots=True)
class Facts:
    """What correlation needs of an event, beside what every sealed event carries."""

    detail_type: str
    session: str
    entity: str
    #: None where the event carries no number of its own
    sequence: int | None
    occurred_at_ms: int | None
    #: members of its body that some destination's requests bring about
    shows: Mapping[str, Json]


NO_FACTS = Facts("", "", "", None, None, {})


def facts_of(event: Event, confirmations: Iterable[Confirmation]) -> str:
    """What to seal of an event that some destination listens to; "" of any other. Only Genesys
    itself tells what became of our requests."""
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
    """What the event shows of what requests bring about. Of very much only what our mappings can
    write: whatever else there is must not hide what we awaited."""
    names = sorted({name for confirmation in listening for name in confirmation.shows})
    shows = {name: imprint(event.body[name]) for name in names if name in event.body}
    if len(canonical(shows)) <= FACTS_CHARS_MAX:
        return shows
    for name in shows:
        writers = [c.writes for c in listening if name in c.shows]
        ours = frozenset[str]().union(*(writes or () for writes in writers))
        if None not in writers and isinstance(shows[name], Mapping):
            shows[name] = {key: value for key, value in shows[name].items() if key in ours}
    return imprinted(shows, FACTS_CHARS_MAX)


def read_facts(event: SealedEvent) -> Facts:
    """Raises Malformed where what was sealed are none."""
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
    """What the topic names by its first id, or else the body by `id`."""
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


# --- what a request is expected to bring about


def is_compensation(batch: Batch) -> bool:
    return batch.events[0].topic == COMPENSATION


def confirmation_of(batch: Batch, confirmation: Confirmation | None) -> Confirmation | None:
    """What a request awaits. A compensating request is not tracked in turn."""
    return None if confirmation is None or is_compensation(batch) else confirmation


def expectations(batch: Batch, confirmation: Confirmation) -> tuple[Expectation, ...]:
    """What the record stores of the expected outcome, before the request is sent."""
    found: dict[str, Expectation] = {}
    for event in batch.events:
        expected = expectation(event, confirmation)
        found.setdefault(expected.key, expected)
    return tuple(list(found.values())[:KEYS_EXPECTED_MAX])


def expectation(event: SealedEvent, confirmation: Confirmation) -> Expectation:
    """What one item is expected to bring about."""
    members = event.members
    match confirmation.key:
        case "answer":
            key = ""
        case "conversation":
            key = event.conversation_id
        case member:
            key = key_text(_text(members.get(member)))
    shows = {name: members[name] for name in confirmation.shows if name in members}
    return Expectation(key, imprinted(shows, SHOWN_CHARS_MAX))


def expecting(batch: Batch, confirmation: Confirmation | None) -> Item:
    """The expected outcome as attributes of the request's record."""
    tracked = confirmation_of(batch, confirmation)
    if tracked is None:
        return {}
    rows = [[row.key, row.shows] for row in expectations(batch, tracked)]
    text = canonical(rows)
    if len(text) > EXPECTED_BYTES_MAX:
        # What is to be found there is given up before where to look.
        text = canonical([[key, {}] for key, _ in rows])
    return {"expected": text}


def read_expected(text: str) -> tuple[Expectation, ...]:
    return tuple(Expectation(key, shows) for key, shows in json.loads(text)) if text else ()
