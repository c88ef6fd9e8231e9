"""The audit chain: one name, and the whole way of whatever it names.

A name can be a conversation's, a request's (a batch and a correlation id are the same), an event's
(`conversation/identity`, or the identity alone where the event belongs to no conversation), or an
id that Genesys gave. The chain is put together from claims, records and entries, which lead to one
another: nothing is searched, so it costs a few reads whatever the table holds.

    claim ──batch_id──▶ record ──parts──▶ records of its parts
                          │ ╰──compensated_by──▶ the compensating request
                          ╰──events──▶ claims          M#... entry ──▶ record
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.correlation.entries import Entry, entry_partition
from lambdas.relay.entrances.events import CONTENT_CHARS, IDENTITY_CHARS
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.ports import Item, Ledger
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.ledger.claims import event_key, owner_key, owner_of
from lambdas.relay.requests.record import Record, read_line, record_key

#: requests and events that one answer tells of; a conversation of more is told in part
REQUESTS_MAX = 200
EVENTS_MAX = 2_000
#: a part can be split again, and so on: one step a generation
GENERATIONS_MAX = 16


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a request."""

    at_ms: int
    what: str


@dataclass(frozen=True, slots=True)
class EventWay:
    """An event and the request that owns it."""

    owner: str
    identity: str
    destination: str
    #: what made this of the event; "" where the claim is from before claims knew routes
    route: str
    topic: str
    envelope_id: str
    claimed_at_ms: int
    batch_id: str


@dataclass(frozen=True, slots=True)
class RequestWay:
    """A request with its times, attempts and Genesys' answers, oldest first."""

    batch_id: str
    state: str
    destination: str
    attempts: int
    reposts: int
    #: `ININ-Correlation-Id` of Genesys' answer, and the id that it gave
    context_id: str
    genesys_id: str
    expected: Mapping[str, object]
    confirmed_by: str
    #: why a person is asked, "" where nobody is
    reason: str
    parent: str
    parts: tuple[str, ...]
    compensated_by: str
    #: events that came too early and still wait
    held: tuple[str, ...]
    duplicates: tuple[str, ...]
    contradictions: tuple[str, ...]
    events: tuple[str, ...]
    moments: tuple[Moment, ...]
    #: its events were claimed and not written
    is_shadow: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is known under a name. Both are empty where the ledger knows nothing of it."""

    name: str
    events: tuple[EventWay, ...]
    requests: tuple[RequestWay, ...]
    #: there is more than one answer can tell
    is_partial: bool


def trace(name: str, ledger: Ledger) -> Trace:
    """The whole way of what a name names. Raises Transient."""
    claims = _claims_named(name, ledger)
    wanted = [str(claim["batch_id"]) for claim in claims]
    wanted += [name, *_pointed_at(name, ledger)]
    records = _records(wanted, ledger)
    claims += _claims_of(records.values(), ledger, known=claims)
    return _told(name, claims, records)


def of_claims(claims: Sequence[Item], ledger: Ledger) -> Trace:
    """The ways of the events of some claims, and of no others. Raises Transient."""
    return _told("", claims, _records((str(claim["batch_id"]) for claim in claims), ledger))


def _told(name: str, claims: Sequence[Item], records: Mapping[str, Item]) -> Trace:
    return Trace(
        name=name,
        events=_events(claims, records),
        requests=tuple(
            _request(Record.of(item)) for item in sorted(records.values(), key=_sealed_at)
        ),
        is_partial=len(records) >= REQUESTS_MAX or len(claims) > EVENTS_MAX,
    )


def _claims_named(name: str, ledger: Ledger) -> list[Item]:
    owner, _, identity = name.partition("/")
    owner = impersonal(owner)
    items = ledger.of(owner_key(owner))
    if not identity and not items and len(name) == IDENTITY_CHARS:
        # An event that is known by its time stands with those that say the same.
        owner, identity = name[:CONTENT_CHARS], name
        items = ledger.of(owner_key(owner))
    if not identity:
        return list(items)
    return [
        item for item in items if str(item["sk"]).startswith((f"E#{identity}#", f"E#{identity}~"))
    ]


def _pointed_at(name: str, ledger: Ledger) -> list[str]:
    partitions = (entry_partition("conversation", name), entry_partition("entity", name))
    items = [item for partition in partitions for item in ledger.of(partition)]
    return [Entry.of(item).batch_id for item in items]


def _records(batch_ids: Iterable[str], ledger: Ledger) -> dict[str, Item]:
    """The named requests, what they were split from and into, and what makes good for them."""
    found: dict[str, Item] = {}
    wanted = list(dict.fromkeys(batch_ids))
    for _ in range(GENERATIONS_MAX):
        room = REQUESTS_MAX - len(found)
        asked = [batch_id for batch_id in wanted if batch_id not in found][:room]
        items = ledger.find([record_key(batch_id) for batch_id in asked]) if asked else []
        new = {b: item for b, item in zip(asked, items, strict=True) if item is not None}
        if not new:
            break
        found |= new
        wanted = [relative for item in new.values() for relative in _relatives(item)]
    return found


def _relatives(item: Item) -> list[str]:
    parts = [str(part["batch_id"]) for part in item.get("parts", ()) if part.get("batch_id")]
    others = [str(item[name]) for name in ("parent", "compensated_by") if item.get(name)]
    return [*parts, *others]


def _claims_of(records: Iterable[Item], ledger: Ledger, known: Sequence[Item]) -> list[Item]:
    """The claims of the events that the requests list."""
    have = {(item["pk"], item["sk"]) for item in known}
    keys = {
        event_key(owner, identity, item["destination"], route)
        for item in records
        for owner, _, identity in (event.rpartition("/") for event in Record.of(item).events)
        for route in ("", *item.get("routes", ()))
    }
    asked = sorted(keys - have)[:EVENTS_MAX]
    return [item for item in (ledger.find(asked) if asked else []) if item is not None]


def _claimed_at(claim: Item) -> tuple[int, str]:
    return int(claim["claimed_at_ms"]), str(claim["sk"])


def _sealed_at(record: Item) -> tuple[int, str]:
    return int(record.get("sealed_at_ms", 0)), str(record["pk"])


def _events(claims: Iterable[Item], records: Mapping[str, Item]) -> tuple[EventWay, ...]:
    """Claimed under several names of a destination or a route, an event is one event."""
    once: dict[tuple[str, str, str], Item] = {}
    for claim in sorted(claims, key=_claimed_at):
        once.setdefault((claim["pk"], str(claim["sk"]).split("#")[1], claim["batch_id"]), claim)
    found = list(once.values())[:EVENTS_MAX]
    return tuple(_event(claim, records.get(claim["batch_id"], {})) for claim in found)


def _event(claim: Item, record: Item) -> EventWay:
    _, identity, destination, *_ = str(claim["sk"]).split("#")
    return EventWay(
        owner=owner_of(str(claim["pk"])),
        identity=identity,
        destination=str(record.get("destination", destination)),
        route=next(iter(claim.get("routes", ())), ""),
        topic=str(claim.get("topic", "")),
        envelope_id=str(claim.get("envelope_id", "")),
        claimed_at_ms=int(claim["claimed_at_ms"]),
        batch_id=str(claim["batch_id"]),
    )


def _request(record: Record) -> RequestWay:
    return RequestWay(
        batch_id=record.batch_id,
        state=record.state,
        destination=record.destination,
        attempts=record.attempt,
        reposts=record.reposts,
        context_id=record.context_id,
        genesys_id=record.genesys_id,
        expected={row.key: dict(row.shows) for row in record.expected},
        confirmed_by=record.confirmed_by,
        reason=sentence(record.reason),
        parent=record.parent,
        parts=record.part_ids,
        compensated_by=record.compensated_by,
        held=tuple(ordered_event.detail_type for ordered_event in record.ordering.held),
        duplicates=record.duplicates,
        contradictions=record.contradictions,
        events=record.events,
        moments=tuple(sorted(_moments(record), key=lambda moment: moment.at_ms)),
        is_shadow=record.is_shadow,
    )


def _moments(record: Record) -> Iterable[Moment]:
    if record.sealed_at_ms:
        yield Moment(record.sealed_at_ms, "sealed")
    for line in record.history:
        read = read_line(line)
        if read is not None:
            at_ms, attempt, what = read
            yield Moment(at_ms, f"{attempt} {sentence(what)}")
    for at_ms, what in (
        (record.heard_at_ms, "its event was received"),
        (record.accepted_at_ms, "Genesys accepted it"),
        (record.confirmed_at_ms, f"confirmed by {record.confirmed_by}"),
        (record.resolved_at_ms, f"resolved by {record.resolved_by}"),
    ):
        if at_ms:
            yield Moment(at_ms, what)
