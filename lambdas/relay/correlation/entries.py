"""Entries: items of the ledger that lead from what an event names to the request that caused it.

    M#conversation#<id> / ~<hour>#<ms>#<batch_id>    M#entity#<id> / ~<hour>#<ms>#<batch_id>
    M#conversation#<id> / }<ms>#<batch_id>           M#entity#<id> / }<ms>#<batch_id>

Where the relay chose the key, the entry is written before the request is sent; where Genesys'
answer gives it, before the answer is settled. The events of a request come soon after it was sent.
So each attempt has an entry under its hour, and an event is matched only with requests that were
sent around its own time, however many a conversation has had. If a request owns all later events of
the key, it has one lasting entry, under the time it was sealed; of those the newest are read. The
previous release used the batch id alone, which sorts before all that have a time.

Several requests can be about one key, so an entry matches only one event of each type, and the
event must show what the request was to cause. The expected event matches once: the next such event
is news, and so is one that happened long after the answer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lambdas.relay.destinations.correlation import (
    Confirmation,
    Facts,
    Match,
    confirmation_of,
    expectations,
)
from lambdas.relay.destinations.truth import contains
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.limits import CLAIM_TTL_S, ECHO_WITHIN_S, HOUR_S, MINUTE_S
from lambdas.relay.kernel.ports import Item
from lambdas.relay.messages.sealing import Batch, SealedEvent

#: prefix of the partitions of entries, shared with loops.py and asking.py
ENTRIES = "M#"
#: with an event type: the identity of the event that matched the entry
MET = "met#"
#: prefix of the sort keys of attempts' entries; lasting entries sort before it, and batch ids
#: before those
TIMED, LASTING = "~", "}"
#: how many lasting entries of a key are read, the newest first: the events of older requests have
#: come or never will, and any one of these shows that the key's events are ours
LASTING_READ_MAX = 50
HOUR_MS = HOUR_S * 1000
#: an event is matched with requests that were sent this long before and after it happened: one
#: invocation (15 minutes at most, docs.aws.amazon.com/lambda, "Lambda quotas") with its effects,
#: and clock skew
SENT_BEFORE_S, SENT_AFTER_S = ECHO_WITHIN_S + 15 * MINUTE_S, 5 * MINUTE_S


def entry_partition(match: Match, key: str) -> str:
    """Genesys' ids are case-insensitive."""
    return f"{ENTRIES}{match}#{key.lower()}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Leads from a key to a request."""

    pk: str
    sk: str
    destination: str
    shows: Mapping[str, Json]
    #: identity of the first event that matched it; "": none yet
    met_by: str
    written_at_ms: int
    #: by type: identities of the events that matched it; empty in entries of the previous release
    met: Mapping[str, str] = field(default_factory=dict)
    #: its request was split: a part may carry the item now
    is_past: bool = False
    #: an event after this time was not caused by its request; 0: the request is in progress
    over_ms: int = 0
    #: until when an attempt is in progress; 0: none is
    lease_until_ms: int = 0
    #: what its request's path names, as an event states it, in lower case; "": nothing
    place: str = ""

    @classmethod
    def of(cls, item: Item) -> "Entry":
        return cls(
            pk=item["pk"],
            sk=item["sk"],
            destination=item["destination"],
            shows=json.loads(item["shows"]),
            met_by=item.get("met_by", ""),
            written_at_ms=item["written_at_ms"],
            place=item.get("place", ""),
            met={str(k).removeprefix(MET): v for k, v in item.items() if str(k).startswith(MET)},
        )

    @property
    def batch_id(self) -> str:
        return self.sk.rpartition("#")[2]

    @property
    def key(self) -> str:
        """The key in lower case."""
        return self.pk.removeprefix(ENTRIES).partition("#")[2]

    def is_met_by(self, event: SealedEvent) -> bool:
        return event.identity in (self.met_by, *self.met.values())

    def met_with(self, detail_type: str, identity: str) -> "Entry":
        """The same after an event of that type has matched it."""
        met_by = self.met_by or identity
        return replace(self, met={**self.met, detail_type: identity}, met_by=met_by)

    def awaits(self, facts: Facts) -> bool:
        """Whether this event can be the one that it waits for, and none of this type has matched
        it."""
        is_met = facts.detail_type in self.met if self.met else bool(self.met_by)
        at_ms = facts.occurred_at_ms
        is_late = at_ms is not None and 0 < self.over_ms < at_ms
        is_early = at_ms is not None and at_ms < self.written_at_ms - SENT_AFTER_S * 1000
        return not is_met and not is_late and not is_early


def entries(
    batch: Batch,
    confirmation: Confirmation | None,
    now_ms: int,
    *,
    sent_at_ms: int | None = None,
    answered: str = "",
) -> list[Item]:
    """The entries that lead to a request: from the keys that the relay chose, or from the one in
    Genesys' answer. Before it is sent, only the lasting ones."""
    tracked = confirmation_of(batch, confirmation)
    if tracked is None or tracked.match == "correlation":
        return []
    if tracked.lasts:
        sk = f"{LASTING}{batch.sealed_at_ms}#{batch.batch_id}"
    elif sent_at_ms is None:
        return []
    else:
        sk = f"{TIMED}{sent_at_ms // HOUR_MS}#{sent_at_ms}#{batch.batch_id}"
    rows = expectations(batch, tracked)
    if answered:
        # The id in the answer is the valid one, but events may still name the one that we chose.
        given = tuple(replace(row, key=answered) for row in rows[:1])
        rows = given + tuple(row for row in rows if row.key not in ("", answered))
    place = "" if tracked.place is None else tracked.place.of_path(batch.target.path)
    return [
        {
            "pk": entry_partition(tracked.match, row.key),
            "sk": sk,
            "state": "AWAITING",
            "destination": batch.target.destination,
            "shows": canonical(row.shows),
            "written_at_ms": now_ms,
            "expires_at": now_ms // 1000 + CLAIM_TTL_S,
            **({"place": place} if place else {}),
        }
        for row in rows
        if row.key
    ]


def keys_named(event: SealedEvent, facts: Facts, matches: Iterable[Match]) -> list[str]:
    """The partitions that can hold entries of the request that caused this event."""
    named = {"conversation": event.conversation_id, "entity": facts.entity}
    return [entry_partition(m, named[m]) for m in sorted(matches) if named.get(m)]


def hours_around(event: SealedEvent, facts: Facts) -> range:
    """The hours in which a request that caused this event can have been sent."""
    at_ms = facts.occurred_at_ms or event.accepted_at_ms
    first_ms, last_ms = at_ms - SENT_BEFORE_S * 1000, at_ms + SENT_AFTER_S * 1000
    return range(first_ms // HOUR_MS, last_ms // HOUR_MS + 1)


def folded(found: Iterable[Entry]) -> list[Entry]:
    """One entry for each request and key: that of its first attempt, with the matches of all its
    attempts."""
    first: dict[tuple[str, str], Entry] = {}
    for entry in sorted(found, key=lambda entry: entry.written_at_ms):
        before = first.setdefault((entry.pk, entry.batch_id), entry)
        if before is not entry:
            met = {**entry.met, **before.met}
            met_by = before.met_by or entry.met_by
            first[entry.pk, entry.batch_id] = replace(before, met=met, met_by=met_by)
    return list(first.values())


def possible(
    event: SealedEvent,
    facts: Facts,
    found: Iterable[Entry],
    confirmations: Mapping[str, Confirmation],
) -> list[Entry]:
    """The entries that can lead to the request that caused the event. In a long conversation these
    are few, so that only their records need to be read."""
    return [
        entry
        for entry in found
        if (confirmation := _judging(entry, facts, confirmations)) is not None
        and confirmation.causes(facts.detail_type)
        and contains(facts.shows, entry.shows)
        and _is_in_place(entry, facts, confirmation)
        and (
            confirmation.owned
            or entry.awaits(facts)
            or entry.is_met_by(event)
            or entry.batch_id == event.correlation_id.lower()
        )
    ]


def _is_in_place(entry: Entry, facts: Facts, confirmation: Confirmation) -> bool:
    """An event that states another place was caused by somebody else."""
    stated = "" if confirmation.place is None else facts.shows.get(confirmation.place.member, "")
    return not entry.place or not stated or str(stated).lower() == entry.place


def causing(
    event: SealedEvent,
    facts: Facts,
    found: Iterable[Entry],
    confirmations: Mapping[str, Confirmation],
) -> Entry | None:
    """The request that caused an event; None if none of these did. In this order: the one that the
    event has matched before; the one with its correlation id; the oldest that waits for an event of
    this type, split requests last; and any request that owns all later events of its key.
    """
    fitting = sorted(
        possible(event, facts, found, confirmations),
        key=lambda entry: (entry.is_past, entry.written_at_ms, entry.batch_id),
    )
    return next(
        (
            entry
            for fits in (
                lambda p: p.is_met_by(event),
                lambda p: p.batch_id == event.correlation_id.lower(),
                lambda p: p.awaits(facts),
                lambda p: _is_owned(p, facts, confirmations),
            )
            for entry in fitting
            if fits(entry)
        ),
        None,
    )


def _judging(
    entry: Entry, facts: Facts, confirmations: Mapping[str, Confirmation]
) -> Confirmation | None:
    """The confirmation by which an event is matched with an entry's request. A destination that
    this configuration lacks may belong to a newer one that runs beside it: then any confirmation
    with the same matching that handles such events is used, or its echoes would be written back."""
    named = confirmations.get(entry.destination)
    if named is not None:
        return named
    alike = (
        confirmation
        for _, confirmation in sorted(confirmations.items())
        if entry.pk.startswith(entry_partition(confirmation.match, ""))
        and confirmation.hears(facts.detail_type)
    )
    return next(alike, None)


def _is_owned(entry: Entry, facts: Facts, confirmations: Mapping[str, Confirmation]) -> bool:
    judging = _judging(entry, facts, confirmations)
    return judging is not None and judging.owned


def following(
    facts: Facts, found: Iterable[Entry], confirmations: Mapping[str, Confirmation]
) -> list[str]:
    """The requests that follow the order of an event that is news otherwise."""
    return sorted(
        {
            entry.batch_id
            for entry in found
            if (confirmation := _judging(entry, facts, confirmations)) is not None
            and confirmation.hears(facts.detail_type)
            and not confirmation.causes(facts.detail_type)
        }
    )
