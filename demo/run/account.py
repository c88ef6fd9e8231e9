"""The account of a run: what became of each published line.

It shares nothing with the code under test. Each event is numbered when it is generated, and the
number is never part of what is published. For a captured file the events are unknown, so
demo/run/sameness.py decides independently which lines belong to one event. Effects are read from
the simulated Genesys Cloud's own record; quarantined lines are read as stored. Every line must end
somewhere, and each event's effects are counted: one too few is a loss, one too many a duplicate.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from demo.run.lines import Line
from demo.run.sameness import (
    SameContent,
    by_content,
    happenings,
    of_body,
    same_content,
    what_it_says,
)
from demo.run.senders import sender_says
from lambdas.relay.kernel.reasons import sentence
from ops.screen import plural

#: how much of a lost or duplicated event is shown (characters)
EXAMPLE_CHARS = 160
EXAMPLES_MAX = 3


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
class SetAside:
    """A line in the quarantine."""

    place: str
    reason: str


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
    #: examples of lost or duplicated events: at most a few
    examples: tuple[str, ...]
    #: why requests wait for a person, in the product's words, and how many
    waiting: tuple[tuple[str, int], ...]
    #: every quarantined line, with the product's reason
    set_aside: tuple[SetAside, ...]
    #: for a captured file: lines of the same content with different times, and how they were judged
    same_content: SameContent
    #: genuine events that were quarantined all the same
    misjudged: int

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost
            or self.duplicate_effects
            or self.in_flight
            or self.dead_lettered
            or self.misjudged
        )


#: good: as it should be; doubt: nothing is lost, but a person should look; bad: not as promised
Tone = Literal["good", "doubt", "bad"]


def tone(account: Account, complaints: Sequence[str]) -> Tone:
    """A run's colour at a glance."""
    if complaints or not account.is_clean:
        return "bad"
    return "doubt" if account.quarantined or account.rejected else "good"


def verdict(account: Account, complaints: Sequence[str]) -> str:
    """The run in one sentence. `complaints` are the problems that its scenario found."""
    if not account.published:
        found = "something that must not be" if complaints else "everything as it must be"
        return f"The scenario found {found}."
    if account.misjudged:
        were = plural(account.misjudged, "event was", "events were")
        return f"{were} wrongly set aside."
    if not account.is_clean:
        return "Not every event took effect once."
    if not account.unique:
        return "No line is an event; all of them are in the quarantine, each with the reason."
    left = []
    if account.quarantined:
        of = f"of {plural(account.published, 'line')}"
        left.append(f"{plural(account.quarantined, f'{of} is', f'{of} are')} set aside")
    if account.rejected:
        of = f"of {plural(account.unique, 'event')}"
        left.append(f"{plural(account.rejected, f'{of} waits', f'{of} wait')} for a person")
    if account.rejected:
        once = f"{plural(account.delivered, 'event')} took effect once"
        told = f"{once}; {', '.join(left)}, with the reason."
    elif left:
        told = f"Every event took effect once; {left[0]}, each with the reason."
    else:
        told = "Every event took effect once; nothing is lost."
    return f"{told[:-1]}, but not all else went as it should." if complaints else told


@dataclass(slots=True)
class _Tally:
    """The account in progress."""

    unique: int = 0
    duplicates: int = 0
    delivered: int = 0
    rejected: int = 0
    dead_lettered: int = 0
    in_flight: int = 0
    lost: int = 0
    duplicate_effects: int = 0
    misjudged: int = 0
    set_aside: list[tuple[Line, str]] = field(default_factory=list)
    lost_ones: list[str] = field(default_factory=list)
    doubled_ones: list[str] = field(default_factory=list)


def settle(lines: Iterable[Line], effects: Iterable[Mapping[str, Any]], left: Left) -> Account:
    """Accounts for every line."""
    every = list(lines)
    kept = Kept.of(left.quarantine)
    contents, malformed = by_content(every)
    taken = Counter(_effect_says(effect, contents) for effect in effects if _is_copy(effect))
    elsewhere = [_said_in(texts) for texts in (left.review, left.dead_letters, left.in_flight)]
    tally = _Tally()
    for said, of_content in contents.items():
        _count(tally, said, of_content, taken[said], kept, [found[said] for found in elsewhere])
    missing = [line for line in malformed if not kept.holds(line)]
    tally.set_aside += [(line, kept.reason(line)) for line in malformed if kept.holds(line)]
    unknown = [said for said in taken.elements() if said not in contents]
    number = {id(line): number for number, line in enumerate(every, 1)}
    tally.set_aside.sort(key=lambda aside: number[id(aside[0])])
    return Account(
        published=len(every),
        unique=tally.unique,
        duplicates=tally.duplicates,
        delivered=tally.delivered,
        rejected=tally.rejected,
        quarantined=len(tally.set_aside),
        dead_lettered=max(tally.dead_lettered, len(left.dead_letters)),
        in_flight=max(tally.in_flight, len(left.in_flight)),
        lost=tally.lost + len(missing),
        duplicate_effects=tally.duplicate_effects + len(unknown),
        waiting=tuple(Counter(_reasons(left.review)).most_common()),
        examples=(
            *_examples("lost", tally.lost_ones),
            *_examples("not quarantined", [line.text for line in missing]),
            *_examples("doubled", tally.doubled_ones),
            *_examples("never published", unknown),
        ),
        set_aside=tuple(
            SetAside(line.place or f"line {number[id(line)]}", why) for line, why in tally.set_aside
        ),
        same_content=same_content(contents.values()),
        misjudged=tally.misjudged,
    )


def _count(
    tally: _Tally, said: str, lines: list[Line], effects: int, kept: "Kept", found: Sequence[int]
) -> None:
    """What became of all events with one content. Nobody can tell which of several equal events an
    effect belongs to, or needs to."""
    happened = happenings(lines)
    missing = len(happened) - effects
    aside = [copies for copies in happened if any(kept.holds(line) for line in copies)]
    aside = aside[: max(missing, 0)]
    for copies in aside:
        tally.set_aside += [(line, _why(copies, kept)) for line in copies]
        tally.misjudged += copies[0].happening is not None
    missing -= len(aside)
    tally.unique += len(happened) - len(aside)
    tally.duplicates += len(lines) - len(happened) - sum(len(copies) - 1 for copies in aside)
    tally.delivered += min(effects, len(happened))
    if missing < 0:
        tally.duplicate_effects -= missing
        tally.doubled_ones.append(said)
    in_review, dead, waiting = found
    for place, count in (("rejected", in_review), ("dead_lettered", dead), ("in_flight", waiting)):
        there = min(count, max(missing, 0))
        setattr(tally, place, getattr(tally, place) + there)
        missing -= there
    if missing > 0:
        tally.lost += missing
        tally.lost_ones.append(said)


def _why(copies: Sequence[Line], kept: "Kept") -> str:
    return next(kept.reason(line) for line in copies if kept.holds(line))


def _examples(what: str, texts: Sequence[str]) -> Iterator[str]:
    for text in texts[:EXAMPLES_MAX]:
        yield f"{what}: {text[:EXAMPLE_CHARS]}"


def _reasons(documents: Iterable[str]) -> Iterator[str]:
    for document in documents:
        yield sentence(json.loads(document)["reason"])


def _is_copy(effect: Mapping[str, Any]) -> bool:
    """Whether an effect carries an event as published; a scenario accounts for its others."""
    content = effect["content"]
    return isinstance(content, dict) and "detailType" in content.get("attributes", {})


def _effect_may_say(attributes: Mapping[str, Any]) -> Iterator[str]:
    """An item holds an eventBody, or the whole detail of another sender's event: it does not say
    which, but only one of the two was published."""
    detail_type, body = attributes["detailType"], json.loads(attributes["body"])
    yield of_body(detail_type, attributes["topic"], body)
    if isinstance(body, dict):
        yield sender_says(attributes["source"], detail_type, body)


def _effect_says(effect: Mapping[str, Any], contents: Container[str]) -> str:
    candidates = list(_effect_may_say(effect["content"]["attributes"]))
    return next((said for said in candidates if said in contents), candidates[0])


def _said_in(texts: Iterable[str]) -> Counter[str]:
    """Every event that a stored text contains, however deeply it is wrapped: a sealed batch holds
    items as text, a vault document holds a batch as text."""
    found: Counter[str] = Counter()
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
                    found.update(set(_effect_may_say(node)))
                elif said := what_it_says(node):
                    found[said] += 1
                pending.extend(node.values())
            case list():
                pending.extend(node)
    return found


@dataclass(frozen=True, slots=True)
class Kept:
    """What the quarantine holds, with the reasons: texts unchanged, and the details of enveloped
    ones, since EventBridge adds an envelope of its own to a detail."""

    texts: Mapping[str, str]
    details: Mapping[str, str]

    @classmethod
    def of(cls, documents: Iterable[str]) -> "Kept":
        read = [json.loads(document) for document in documents]
        texts = {document["message"]: sentence(document["reason"]) for document in read}
        details = {d: why for text, why in texts.items() if (d := _detail(text)) is not None}
        return cls(texts, details)

    def holds(self, line: Line) -> bool:
        return line.text in self.texts or _detail(line.text) in self.details

    def reason(self, line: Line) -> str:
        return self.texts.get(line.text) or self.details[_detail(line.text) or ""]


def _detail(text: str) -> str | None:
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(envelope, dict) or "detail" not in envelope:
        return None
    return json.dumps([envelope.get("detail-type"), envelope["detail"]], sort_keys=True)
