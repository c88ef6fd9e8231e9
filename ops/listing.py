"""`relay list`: events by time, type, destination and result."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, get_args

from lambdas.relay.entrances.arrivals import Entrance
from lambdas.relay.entrances.events import CONTENT_CHARS
from lambdas.relay.kernel.limits import CLAIM_TTL_S
from lambdas.relay.kernel.patterns import fits
from lambdas.relay.kernel.personal import is_personal
from lambdas.relay.kernel.ports import Item
from lambdas.relay.ledger.claims import PREFIX, owner_of
from lambdas.relay.requests.states import STATES
from ops import archives, audit_trail, dead_letter, event_history, ledger_items, names
from ops.connection import Relay
from ops.errors import OpsError
from ops.event_history import FATES, SHADOWED, Way
from ops.personal import keyed, unkeyed
from ops.screen import Screen, plural
from ops.spellings import is_named
from ops.trace import GOOD, clock, short_topic

#: most events listed, unless more are asked for
MOST_DEFAULT = 100
#: claims whose requests are read at a time: few enough, with their parts, for one answer
CLAIMS_AT_A_TIME = 50
#: what the ledger has of an event besides its time, topic and destination: the attribute, by the
#: name for people
FIELDS: Mapping[str, str] = {
    "sender": "sender",
    "entrance": "entrance",
    "envelope": "envelope_id",
    "correlation": "correlation_id",
    "request": "batch_id",
    "redelivery": "redelivery",
    "backfill": "backfill",
}
#: those that are in the keys, or in a list
DERIVED = ("conversation", "identity", "route")
NAMES = (*FIELDS, *DERIVED)
ENTRANCES: tuple[Entrance, ...] = get_args(Entrance)
#: ids, whose beginning is enough
IDS = ("conversation", "identity", "envelope", "request", "correlation")
READ = (
    "pk", "sk", "batch_id", "claimed_at_ms", "topic", "routes", "envelope_id", "correlation_id",
    "sender", "entrance", "redelivery", "backfill",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events to list; an empty field does not restrict."""

    since_ms: int
    until_ms: int
    #: a pattern, as in a route; or a topic as tables show it
    topic: str = ""
    destination: str = ""
    #: a request's state, or words of the fate that `relay trace` shows
    state: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    #: the names of hashed conversations
    owners: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: only events with the same content as another one that was published at another time
    same_content: bool = False

    def takes(self, claim: Item) -> bool:
        """Whether a claim matches, as far as the claim itself can tell."""
        topic, owner = str(claim.get("topic", "")), owner_of(claim["pk"])
        _, identity, destination, *_ = claim["sk"].split("#")
        known: dict[str, Any] = {
            **{name: [str(claim.get(attribute, ""))] for name, attribute in FIELDS.items()},
            "conversation": [owner, *self.owners.get(owner, ())],
            "identity": [identity],
            "route": claim.get("routes", ()),
        }
        return (
            self.since_ms <= int(claim["claimed_at_ms"]) < self.until_ms
            and (self.topic in ("", short_topic(topic, owner)) or fits(topic, self.topic))
            and self.destination in ("", destination)
            and all(_has(known[name], name, value) for name, value in self.fields.items())
        )

    def ends_so(self, way: Way) -> bool:
        """Whether the request that now has the event is in the wanted state."""
        words = self.state.lower()
        states = [request.state.lower() for request in way.requests[-1:]]
        return words in way.fate.lower() or words in states


def _has(known: Sequence[str], name: str, value: str) -> bool:
    return value in known or (name in IDS and any(is_named(one, value) for one in known))


@dataclass(frozen=True, slots=True)
class Listed:
    """The events found, in the order of their claims, and how much of the ledger was read."""

    ways: Sequence[Way]
    read: int
    #: where to continue (ops/ledger_items.py); "" if everything was read
    further: str

    def document(self) -> dict[str, Any]:
        """For JSON output."""
        return {
            "events": [event_history.document(way) for way in self.ways],
            "items_read": self.read,
            "after": self.further or None,
        }


def wanted(
    since: str,
    until: str,
    topic: str,
    destination: str,
    state: str,
    fields: Sequence[str],
    now_ms: int,
    same_content: bool = False,
) -> Wanted:
    """The command line's filters. Raises OpsError with what is wrong."""
    told = [*STATES, *FATES.values(), SHADOWED]
    if state and not any(state.lower() in each.lower() for each in told):
        raise OpsError(
            f"{state} is not a state of a request: use one of {', '.join(sorted(STATES))}, or a "
            "word of what `relay trace` shows, such as delivered."
        )
    since_ms = _moment_ms(since, now_ms) if since else now_ms - CLAIM_TTL_S * 1000
    until_ms = _moment_ms(until, now_ms) if until else now_ms + 1
    if since_ms >= until_ms:
        raise OpsError("--from must be earlier than --to.")
    return Wanted(
        since_ms=since_ms,
        until_ms=until_ms,
        topic=topic,
        destination=destination,
        state=state,
        fields=dict(map(_field, fields)),
        same_content=same_content,
    )


def _field(said: str) -> tuple[str, str]:
    name, equals, value = said.partition("=")
    if not equals or name not in NAMES:
        raise OpsError(
            f"{said} is not a field that the ledger stores: use one of {', '.join(NAMES)}, such as "
            "sender=shop.example. The content of an event is not in the ledger."
        )
    if not value.strip():
        raise OpsError(f"{said} has no value: give one, such as sender=shop.example.")
    if name == "entrance" and value not in ENTRANCES:
        raise OpsError(f"There is no entrance {value}: the entrances are {', '.join(ENTRANCES)}.")
    return name, value


def _moment_ms(said: str, now_ms: int) -> int:
    """A time, or how long ago. Raises OpsError."""
    if said[-1:] in "shdn" and said[:1].isdecimal() and "-" not in said:
        return now_ms - dead_letter.seconds(said) * 1000
    also = ", or how long ago: 90s, 15min, 2h or 3d"
    return int(archives.moment(said, also).timestamp() * 1000)


def find(relay: Relay, meant: Wanted, *, most: int, read_max: int, after: str = "") -> Listed:
    """Reads at most `read_max` items of the ledger. Raises OpsError, also if it finds nothing and
    the configuration does not know a name."""
    meant = _hashed(relay, meant)
    ways: list[Way] = []
    pending: list[Item] = []
    read, place, is_at_the_end = 0, after, True
    for item, is_repeat in _beside_their_like(ledger_items.items(relay, READ, after)):
        if read >= read_max or len(ways) >= most:
            is_at_the_end = False
            break
        read, place = read + 1, ledger_items.place(item)
        if _is_claim(item) and meant.takes(item) and (is_repeat or not meant.same_content):
            pending.append(item)
        if len(pending) >= min(CLAIMS_AT_A_TIME, most - len(ways)):
            ways += _ended_so(relay, pending, meant)
            pending = []
    ways += _ended_so(relay, pending, meant)
    if not ways and not after:  # events of what was removed since are listed
        names.check(relay, meant.destination, meant.topic, meant.fields.get("route", ""))
    ways.sort(key=lambda way: way.event.claimed_at_ms)
    return Listed(ways, read, "" if is_at_the_end else place)


def _hashed(relay: Relay, meant: Wanted) -> Wanted:
    """With the hashes that the wanted conversation's id has in keys, if it is personal."""
    name = meant.fields.get("conversation", "")
    if not is_personal(name):
        return meant
    hashes = (*unkeyed([name]), *keyed(relay, [name]))
    return replace(meant, owners={each: [name] for each in hashes})


def _is_claim(item: Item) -> bool:
    return item["pk"].startswith(PREFIX) and "claimed_at_ms" in item


def _beside_their_like(items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
    """Each item, and whether it claims an event with the same content as another: their claims are
    in one partition, and their identities start alike (claims.same_content)."""
    for _, together in groupby(items, key=lambda item: item["pk"]):
        partition = list(together)
        known = {_known(item) for item in partition if _is_claim(item)}
        alike = Counter(identity[:CONTENT_CHARS] for identity in known)
        for item in partition:
            yield item, _is_claim(item) and alike[_known(item)[:CONTENT_CHARS]] > 1


def _known(claim: Item) -> str:
    """Its event's identity, without the hash that a collision adds."""
    return str(claim["sk"]).split("#")[1].split("~")[0]


def _ended_so(relay: Relay, claims: Sequence[Item], meant: Wanted) -> list[Way]:
    if not claims:
        return []
    found = event_history.ways(audit_trail.of_claims(claims, relay.ledger))
    return [way for way in found if meant.ends_so(way)]


def show(listed: Listed, screen: Screen) -> None:
    """The events as a table, and how to continue."""
    screen.document(listed.document())
    if listed.ways:
        table(listed.ways, screen)
    found = plural(len(listed.ways), "event") if listed.ways else "No event"
    more = "more" if listed.further else "no more"
    screen.say(f"{found} in {plural(listed.read, 'item')} of the ledger; there are {more}.")
    if listed.ways:
        way = listed.ways[0].event
        screen.say(f"To see one step by step: relay trace {way.owner}/{way.identity}")
    if listed.further:
        screen.say(f"To continue, repeat the command with --after {listed.further}", "yellow")


def table(ways: Sequence[Way], screen: Screen) -> None:
    """List events, one per line."""
    screen.table(
        ("claimed (UTC)", "topic", "destination", "event", "request", "fate"),
        [
            (
                clock(way.event.claimed_at_ms),
                short_topic(way.event.topic, way.event.owner),
                way.event.destination,
                way.event.identity,
                way.request,
                way.fate,
            )
            for way in ways
        ],
        styles=[None if way.fate.startswith(GOOD) else "yellow" for way in ways],
    )
