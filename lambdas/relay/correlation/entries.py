"""Entries: items of the ledger that lead from what an event names to the request that caused it.

    M#conversation#<id> / ~<hour>#<ms>#<batch_id>    M#entity#<id> / ~<hour>#<ms>#<batch_id>
    M#conversation#<id> / }<ms>#<batch_id>           M#entity#<id> / }<ms>#<batch_id>

Where we chose the key, the entry is in the ledger before the request is sent; where Genesys'
answer gives it, before the answer is settled. What a request awaits comes soon after it was sent,
so that an event looks only among those that were sent around its own moment, however many there
have been in a conversation's life: each attempt has an entry, by its hour. A request to which all
belongs that becomes of the key has one that lasts, by when it was sealed: of those the newest are
read. The release before gave them the batch id alone, which comes before all that have a time.

Several requests can concern one key, so an entry is met by one event of a type only, and the event
must show what the request was to bring about. What was awaited decides, once: the next such event
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

#: partitions of entries begin so, as do those of loops.py and asking.py
ENTRIES = "M#"
#: with the type of an event: the identity of the one that met the entry
MET = "met#"
#: the sort keys of entries of attempts begin so; those of entries that last come before it, and
#: every batch id before those
TIMED, LASTING = "~", "}"
#: of one key's entries that last so many are read, the newest: what older requests await has come
#: or never will, and that all which becomes of the key is our doing any of these says
LASTING_READ_MAX = 50
HOUR_MS = HOUR_S * 1000
#: an event is looked for among the requests that were sent so long before and after it happened:
#: one invocation (15 minutes at most, docs.aws.amazon.com/lambda, "Lambda quotas") and what it
#: brings about; clocks that disagree
SENT_BEFORE_S, SENT_AFTER_S = ECHO_WITHIN_S + 15 * MINUTE_S, 5 * MINUTE_S


def entry_partition(match: Match, key: str) -> str:
    """Genesys' ids are the same in any letter case."""
    return f"{ENTRIES}{match}#{key.lower()}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Leads from a key to a request."""

    pk: str
    sk: str
    destination: str
    shows: Mapping[str, Json]
    #: identity of the event that met it first; "" so far none
    met_by: str
    written_at_ms: int
    #: by type: identities of the events that met it; none in entries of the release before
    met: Mapping[str, str] = field(default_factory=dict)
    #: its request was split: others may carry the item now
    is_past: bool = False
    #: what happened after this is not of its request's making; 0: it is under way
    over_ms: int = 0
    #: until when an attempt is under way; 0: none is
    lease_until_ms: int = 0

    @classmethod
    def of(cls, item: Item) -> "Entry":
        return cls(
            pk=item["pk"],
            sk=item["sk"],
            destination=item["destination"],
            shows=json.loads(item["shows"]),
            met_by=item.get("met_by", ""),
            written_at_ms=item["written_at_ms"],
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
        """The same once an event of that type has met it."""
        met_by = self.met_by or identity
        return replace(self, met={**self.met, detail_type: identity}, met_by=met_by)

    def awaits(self, facts: Facts) -> bool:
        """No event of this type has met it, and this one can be what it waits for."""
        is_met = facts.detail_type in self.met if self.met else bool(self.met_by)
        is_late = 0 < self.over_ms < (facts.occurred_at_ms or 0)
        return not is_met and not is_late


def entries(
    batch: Batch,
    confirmation: Confirmation | None,
    now_ms: int,
    *,
    sent_at_ms: int | None = None,
    answered: str = "",
) -> list[Item]:
    """The entries to a request: to the keys that we chose, or to the one that Genesys answered.
    Before it is sent, only those that last."""
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
        # The answered id is the id, whatever we chose; what we chose may be heard of all the same.
        given = tuple(replace(row, key=answered) for row in rows[:1])
        rows = given + tuple(row for row in rows if row.key not in ("", answered))
    return [
        {
            "pk": entry_partition(tracked.match, row.key),
            "sk": sk,
            "state": "AWAITING",
            "destination": batch.target.destination,
            "shows": canonical(row.shows),
            "written_at_ms": now_ms,
            "expires_at": now_ms // 1000 + CLAIM_TTL_S,
        }
        for row in rows
        if row.key
    ]


def keys_named(event: SealedEvent, facts: Facts, matches: Iterable[Match]) -> list[str]:
    """The partitions in which entries to the request that caused this event can be."""
    named = {"conversation": event.conversation_id, "entity": facts.entity}
    return [entry_partition(m, named[m]) for m in sorted(matches) if named.get(m)]


def hours_around(event: SealedEvent, facts: Facts) -> range:
    """The hours in which a request must have been sent that caused this event."""
    at_ms = facts.occurred_at_ms or event.accepted_at_ms
    first_ms, last_ms = at_ms - SENT_BEFORE_S * 1000, at_ms + SENT_AFTER_S * 1000
    return range(first_ms // HOUR_MS, last_ms // HOUR_MS + 1)


def folded(found: Iterable[Entry]) -> list[Entry]:
    """One entry for each request and key, that of its first attempt, met by all that met any."""
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
    """Those of which one can lead to the request that caused the event. Of a conversation's long
    life few do, so that only their records need be read."""
    return [
        entry
        for entry in found
        if (confirmation := _judging(entry, facts, confirmations)) is not None
        and confirmation.causes(facts.detail_type)
        and contains(facts.shows, entry.shows)
        and (
            confirmation.owned
            or entry.awaits(facts)
            or entry.is_met_by(event)
            or entry.batch_id == event.correlation_id.lower()
        )
    ]


def causing(
    event: SealedEvent,
    facts: Facts,
    found: Iterable[Entry],
    confirmations: Mapping[str, Confirmation],
) -> Entry | None:
    """The request that caused an event, None where none of these did.

    In this order: the one that the event has met before; the one whose correlation id it bears;
    the oldest that awaits an event of this type, those last whose items went on in others; and
    where all that becomes of what the key names is the request's doing, any.
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
    """What says what an event is to an entry's request. A destination that this configuration does
    not name is of a newer one, perhaps, that runs beside it: then whatever else is matched in the
    same way and hears of such events, or its echoes would be written back."""
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
    """The requests whose records keep the order of an event that is news otherwise."""
    return sorted(
        {
            entry.batch_id
            for entry in found
            if (confirmation := _judging(entry, facts, confirmations)) is not None
            and confirmation.hears(facts.detail_type)
            and not confirmation.causes(facts.detail_type)
        }
    )
