"""The account of a run: what became of each published line.

It shares nothing with the code under test. What an event is, is decided here once more, from the
published text; what took effect is read from the simulated Genesys Cloud's own record; what was
set aside is read as stored. Every line must end somewhere, and each event's effects are counted.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.run.lines import Line
from local.run.senders import sender_says

#: deeper documents are no events to the relay (its own limit, said in the README)
DEPTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Left:
    """What was found at the end, apart from Genesys' record: raw texts by place."""

    #: documents of the vault: malformed input, and what a person must decide
    quarantine: tuple[str, ...]
    review: tuple[str, ...]
    #: bodies of messages still in a queue or in a dead-letter queue
    in_flight: tuple[str, ...]
    dead_letters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Counts of lines (published, duplicates, quarantined) and of distinct events (the rest)."""

    published: int
    unique: int
    duplicates: int
    delivered: int
    rejected: int
    quarantined: int
    dead_lettered: int
    in_flight: int
    lost: int
    duplicate_effects: int
    #: what was lost or doubled, for the reader: at most a few
    examples: tuple[str, ...]
    #: why something was set aside, in the product's words, with how often
    reasons: tuple[tuple[str, int], ...]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicate_effects or self.in_flight or self.dead_lettered)


def verdict(account: Account, complaints: Sequence[str]) -> str:
    """The run in one sentence. `complaints` are what its scenario found wrong."""
    if not account.is_clean:
        return "Not every event took effect once."
    if complaints:
        return "Every event took effect once, but not all else went as it should."
    if not account.unique:
        return "No line is an event; all of them are in the quarantine, each with the reason."
    return "Every event took effect once; nothing is lost."


def settle(lines: Iterable[Line], effects: Iterable[Mapping[str, Any]], left: Left) -> Account:
    """Accounts for every line."""
    events: Counter[str] = Counter()
    malformed: list[Line] = []
    published = 0
    for line in lines:
        published += 1
        said = what_it_says(line.document)
        if said is None:
            malformed.append(line)
        else:
            events[said] += 1
    taken = Counter(_effect_says(effect, events) for effect in effects if _is_copy_of_event(effect))
    parked, waiting, dead = (
        _said_in(left.review),
        _said_in(left.in_flight),
        _said_in(left.dead_letters),
    )
    missing = [said for said in events if said not in taken]
    rejected = {said for said in missing if said in parked}
    dead_lettered = {said for said in missing if said in dead} - rejected
    in_flight = {said for said in missing if said in waiting} - rejected - dead_lettered
    lost = [s for s in missing if s not in rejected | dead_lettered | in_flight]
    kept = Kept.of(left.quarantine)
    quarantined = sum(kept.holds(line) for line in malformed)
    doubled = {said: count - 1 for said, count in taken.items() if count > 1}
    unknown = [said for said in taken if said not in events]
    return Account(
        published=published,
        unique=len(events),
        duplicates=sum(events.values()) - len(events),
        delivered=len(set(events) & set(taken)),
        rejected=len(rejected),
        quarantined=quarantined,
        dead_lettered=max(len(dead_lettered), len(left.dead_letters)),
        in_flight=max(len(in_flight), len(left.in_flight)),
        lost=len(lost) + len(malformed) - quarantined,
        duplicate_effects=sum(doubled.values()) + len(unknown),
        reasons=tuple(Counter(_reasons(left.quarantine + left.review)).most_common()),
        examples=tuple(
            [f"lost: {said[:160]}" for said in lost[:3]]
            + [f"not quarantined: {m.text[:160]}" for m in malformed if not kept.holds(m)][:3]
            + [f"doubled: {said[:160]}" for said in list(doubled)[:3]]
            + [f"never published: {said[:160]}" for said in unknown[:3]]
        ),
    )


def _reasons(documents: Iterable[str]) -> Iterator[str]:
    for document in documents:
        yield str(json.loads(document)["reason"])


def what_it_says(envelope: Any) -> str | None:
    """The event that an envelope tells of, as text that is equal for copies; None where it tells
    of none. Copies differ in id, time, timestamp and metadata, never in type, topic and body. A
    detail without eventBody tells of one only in a shape that others than Genesys may use."""
    if not isinstance(envelope, dict) or _depth(envelope) > DEPTH_MAX:
        return None
    detail_type, source = envelope.get("detail-type"), envelope.get("source")
    detail = envelope.get("detail")
    if not isinstance(detail_type, str) or not isinstance(source, str) or source == "aws.events":
        return None
    if not detail_type or not source or not isinstance(detail, dict):
        return None
    if "eventBody" not in detail:
        return sender_says(source, detail_type, detail)
    topic, body = detail.get("topicName"), detail.get("eventBody")
    if not isinstance(body, dict) or not (topic is None or isinstance(topic, str)):
        return None
    if not isinstance(body.get("conversationId"), str | None):
        return None
    time = body.get("eventTime")
    if isinstance(time, bool) or not isinstance(time, int | float | str | None):
        return None
    return _says(detail_type, topic or detail_type, body)


def _says(detail_type: str, topic: str, body: Any) -> str | None:
    try:
        return json.dumps([detail_type, topic, body], sort_keys=True, allow_nan=False)
    except ValueError:
        return None  # NaN or infinity: not JSON


def _depth(document: Any) -> int:
    depth, level = 0, [document]
    while level and depth <= DEPTH_MAX + 1:
        depth += 1
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return depth - 1


def _is_copy_of_event(effect: Mapping[str, Any]) -> bool:
    """Whether an effect carries an event as published; a scenario accounts for its others."""
    content = effect["content"]
    return isinstance(content, dict) and "detailType" in content.get("attributes", {})


def _effect_may_say(attributes: Mapping[str, Any]) -> Iterator[str]:
    """An item holds an eventBody, or the whole detail of somebody else's event: it does not say
    which, but only one of the two was published."""
    detail_type, body = attributes["detailType"], json.loads(attributes["body"])
    yield _says(detail_type, attributes["topic"], body) or "an effect that says nothing"
    if isinstance(body, dict) and (said := sender_says(attributes["source"], detail_type, body)):
        yield said


def _effect_says(effect: Mapping[str, Any], events: Container[str]) -> str:
    candidates = list(_effect_may_say(effect["content"]["attributes"]))
    return next((said for said in candidates if said in events), candidates[0])


def _said_in(texts: Iterable[str]) -> set[str]:
    """Every event that some kept text speaks of, however deep it is wrapped: a sealed batch holds
    items as text, a vault document holds a batch as text."""
    found: set[str] = set()
    pending: list[Any] = list(texts)
    while pending:
        node = pending.pop()
        match node:
            case str() if node[:1] in ("{", "["):
                try:
                    pending.append(json.loads(node))
                except ValueError:
                    continue
            case dict():
                if {"detailType", "topic", "body", "source"} <= node.keys():
                    found.update(_effect_may_say(node))
                elif said := what_it_says(node):
                    found.add(said)
                pending.extend(node.values())
            case list():
                pending.extend(node)
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """What the quarantine holds: texts as they are, and the details of enveloped ones, since
    EventBridge writes an envelope of its own around a detail."""

    texts: frozenset[str]
    details: frozenset[str]

    @classmethod
    def of(cls, documents: Iterable[str]) -> "Kept":
        texts = [json.loads(document)["message"] for document in documents]
        return cls(frozenset(texts), frozenset(d for t in texts if (d := _detail(t)) is not None))

    def holds(self, line: Line) -> bool:
        return line.text in self.texts or _detail(line.text) in self.details


def _detail(text: str) -> str | None:
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelope, dict) or "detail" not in envelope:
        return None
    return json.dumps([envelope.get("detail-type"), envelope["detail"]], sort_keys=True)
