"""The audit chain: leads from one name to the whole history of what it names.

A name can be a conversation's, a request's (a batch and a correlation id are the same), an event's
(`conversation/identity`, or the identity alone if the event has no conversation), or an id that
Genesys returned. The chain is built from claims, records and entries, which refer to one another:
nothing is searched, so it costs a few reads however large the table is.

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

#: most requests and events in one answer; larger conversations are shown in part
REQUESTS_MAX = 200
EVENTS_MAX = 2_000
#: a part can be split again, and so on: one step per generation
GENERATIONS_MAX = 16


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a request."""

    at_ms: int
    what: str


@dataclass(frozen=True, slots=True)
class EventWay:
    """An event and the request that claimed it."""

    owner: str
    identity: str
    destination: str
    #: the route that made this of the event; "" if the claim is older than routes in claims
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
    #: `ININ-Correlation-Id` of Genesys' answer, and the id that it contained
    context_id: str
    genesys_id: str
    expected: Mapping[str, object]
    confirmed_by: str
    #: why a person must decide, or ""
    reason: str
    parent: str
    parts: tuple[str, ...]
    compensated_by: str
    #: events that came too early and are still waiting
    held: tuple[str, ...]
    duplicates: tuple[str, ...]
    contradictions: tuple[str, ...]
    events: tuple[str, ...]
    moments: tuple[Moment, ...]
    #: in shadow: its events were claimed and not written
    is_shadow: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything known under a name. Both are empty if the ledger knows nothing of it."""

    name: str
    events: tuple[EventWay, ...]
    requests: tuple[RequestWay, ...]
    #: there is more than one answer can hold
    is_partial: bool


def trace(name: str, ledger: Ledger) -> Trace:
    """The whole history of what the name stands for. Raises Transient."""
    claims = _claims_named(name, ledger)
    wanted = [str(claim["batch_id"]) for claim in claims]
    wanted += [name, *_pointed_at(name, ledger)]
    records = _records(wanted, ledger)
    claims += _claims_of(records.values(), ledger, known=claims)
    return _told(name, claims, records)


def of_claims(claims: Sequence[Item], ledger: Ledger) -> Trace:
    """The histories of these claims' events only. Raises Transient."""
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
        # Events identified by time share a partition with others of the same content.
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
    """The named requests, their parents and parts, and the requests that compensate them."""
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
    """The claims of the events that these requests list."""
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
    """An event may have claims under several names of a destination or route: list it once."""
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
