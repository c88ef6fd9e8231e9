"""Claims: each effect of an event belongs to one batch for ever. A claim is written once and never
changed or released.

A claim names the batch that owns the event. The batch is durable before it makes the claim, so a
claim shows that some batch is responsible. Finding a claim is not yet a verdict: its owner decides.
If the owner is this batch, it resumes its own work (after a crash, or an SDK retry that met its own
first try). If it is another batch, the event is a duplicate, unless the payload differs: then two
events share an identity, and both are kept.

What one route makes of an event is one effect; two routes to one destination make two:

    E#<identity>#<destination>            the first route to claim it; `routes` says which
    E#<identity>#<destination>#<route>    any other route, which found the first one's claim there
    E#<identity>~<payload hash>#...       the same, for another event under the identity

What a redelivery (redelivery.py) repeats is one more effect of each route, claimed likewise. If its
route has not delivered the event yet, it stands for the first delivery too, under the keys above:

    E#<identity>#<destination>#!<redelivery>            the first route to claim it
    E#<identity>#<destination>#!<redelivery>#<route>    any other route

Every route asks for the first of these, since the release before knows no other.

An event made by a backfill differs in content from the genuine event, but both are identified by
their moment, so the second to arrive is a copy. A made event stands for one genuine event only, not
for another with the same moment. When a made and a genuine event meet, in either order, the later
one claims this key with the genuine event's payload hash:

    E#<identity>~genuine#                 for every destination and route

If the key already has another payload hash, the later event is not a copy, and both are sent.

So the usual claim costs one put, however many routes are configured and in whatever order. A claim
of the previous release names no route and holds for all routes.

Renaming must not make an old event new. The present and all former names are claimed, in one order,
and a batch owns an event only if it owns every one of these claims. Of several batches that claim
at once, some under the old names only, one succeeds: a batch is refused only by one that is further
along this order, and no batch refuses the one that is furthest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import CLAIM_TTL_S
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.ports import Item, Ledger, Written
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target

#: the keys of claims: C#<owner> / E#<identity>#<destination>
PREFIX = "C#"


@dataclass(frozen=True, slots=True)
class Claimed:
    """Which of a batch's events it owns."""

    owned: frozenset[str]
    duplicates: tuple[SealedEvent, ...]
    collisions: tuple[SealedEvent, ...]


#: collision: another event under the identity; other: the claim is another route's; stood for: the
#: claim is a made event's, which stands for one genuine event
Verdict = Literal["mine", "copy", "collision", "other", "stood for"]
#: marks the claim that tells which genuine event a made one stands for
GENUINE = "genuine"


def owner_key(owner: str) -> str:
    """The partition of an owner's claims."""
    return f"{PREFIX}{owner}"


def owner_of(pk: str) -> str:
    return pk.removeprefix(PREFIX)


def event_key(owner: str, identity: str, destination: str, route: str) -> tuple[str, str]:
    """`route` is "" in the key that all routes share."""
    return owner_key(owner), f"E#{identity}#{destination}{f'#{route}' if route else ''}"


def claim_key(
    event: SealedEvent, destination: str, apart: str = "", route: str = ""
) -> tuple[str, str]:
    """`apart` distinguishes the claim from others under the same identity."""
    identity = f"{event.identity}~{apart}" if apart else event.identity
    return event_key(event.owner, identity, destination, route)


def claim_keys(event: SealedEvent, target: Target) -> list[tuple[str, str]]:
    """All keys that a claim on this effect can have, except those of collisions."""
    routes = ("", *sorted(event.routes), *_ordered_places(event))
    return [claim_key(event, name, route=route) for name in target.names for route in routes]


def earlier_keys(event: SealedEvent, target: Target) -> list[tuple[str, str]]:
    """The keys of claims that earlier releases made on this effect: under the conversation's id as
    it is, and under its hash without a key. Other events have none. Those claims expire within
    CLAIM_TTL_S; then this function can be deleted."""
    if event.conversation_id in ("", event.owner):
        return []
    names = {event.conversation_id, impersonal(event.conversation_id)} - {event.owner}
    keys = claim_keys(event, target)
    return [(owner_key(name), sk) for name in sorted(names) for _, sk in keys]


def _own_places(event: SealedEvent, held: Item) -> Sequence[str]:
    """The last parts of its keys if another effect has claimed the key that all routes share."""
    own = sorted(event.routes) if _is_other_route(event, held) else []
    return [*own, *_ordered_places(event)[:1]]


def _ordered_places(event: SealedEvent) -> Sequence[str]:
    """The last parts of an ordered event's keys; the first is shared by all routes."""
    if not event.redelivery:
        return []
    shared = f"!{event.redelivery}"
    return [shared, *(f"{shared}#{route}" for route in sorted(event.routes))]


def _is_other_route(event: SealedEvent, held: Item) -> bool:
    routes = held.get("routes", ())
    return bool(routes and event.routes) and set(routes).isdisjoint(event.routes)


def is_copy(event: SealedEvent, held: Item | None, batch_id: str) -> bool:
    """Whether a claim says that another batch owns this effect."""
    return held is not None and judge(batch_id, event, held) == "copy"


def judge(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    """What an existing claim means for an event."""
    if held["batch_id"] == batch_id:
        return "mine"
    is_made = bool(event.backfill or held.get("backfill"))
    if held["payload_hash"] != event.payload_hash and not is_made:
        return "collision"
    if _is_other_route(event, held):
        return "other"
    if event.redelivery:
        return "copy" if held.get("redelivery") == event.redelivery else "other"
    return "stood for" if held.get("backfill") and not event.backfill else "copy"


def same_content(event: SealedEvent, ledger: Ledger) -> list[str]:
    """Identities of claimed events with the same content and another time of publishing: states
    that recurred, or one event published again. Their claims are adjacent in the ledger, so this is
    one small query, made only for events identified by their time. Raises Transient."""
    if not event.content:
        return []
    claims = ledger.of(owner_key(event.owner), f"E#{event.content}")
    known = {str(item["sk"]).split("#")[1].split("~")[0] for item in claims}
    return sorted(known - {event.identity})


def was_claimed(owner: str, identity: str, payload_hash: str, ledger: Ledger) -> bool:
    """Whether any effect of exactly this event is claimed. Raises Transient."""
    claims = ledger.of(owner_key(owner), f"E#{identity}")
    return any(claim["payload_hash"] == payload_hash for claim in claims)


def claim(batch: Batch, ledger: Ledger, now_ms: int) -> Claimed:
    """Claims every event of the batch. If it raises Transient, some claims are made: repeat it."""
    owned: set[str] = set()
    duplicates = _claimed_earlier(batch, ledger)
    collisions: dict[str, SealedEvent] = {}
    asked = [_Place(each, batch.target.names) for each in batch.events if each not in duplicates]
    while asked:
        answers = ledger.insert([place.item(batch.batch_id, now_ms) for place in asked])
        going_on: list[_Place] = []
        for place, answer in zip(asked, answers, strict=True):
            verdict = place.verdict(batch.batch_id, answer)
            if verdict == "collision":
                collisions[place.event.identity] = place.event
            further = place.after(verdict, answer.before)
            if further is not None:
                going_on.append(further)
            elif verdict == "mine":
                owned.add(place.event.identity)
            else:
                duplicates.append(place.event)
        asked = going_on
    return Claimed(frozenset(owned), tuple(duplicates), tuple(collisions.values()))


def _claimed_earlier(batch: Batch, ledger: Ledger) -> list[SealedEvent]:
    """Copies of events that an earlier release claimed under other keys. Raises Transient."""
    keys = {key: event for event in batch.events for key in earlier_keys(event, batch.target)}
    held = zip(keys.values(), ledger.find(list(keys)) if keys else (), strict=True)
    copies = [event for event, claim in held if is_copy(event, claim, batch.batch_id)]
    return list({event.identity: event for event in copies}.values())


@dataclass(frozen=True, slots=True)
class _Place:
    """The key under which an event is claimed next."""

    event: SealedEvent
    #: names of the destination still to be claimed, this key's first
    names: Sequence[str]
    #: distinguishes the claim from others under the same identity
    apart: str = ""
    #: names of the route still to be claimed, if the key that all routes share is another effect's
    routes: Sequence[str] = ()
    #: if a made and a genuine event have met: the batch that owns the effect of both, and the
    #: payload hash of the genuine one
    stand_in: str = ""
    genuine: str = ""

    def verdict(self, batch_id: str, answer: Written) -> Verdict:
        """What the ledger's answer means. Raises Transient if it does not show the claim."""
        if answer.applied and not self.stand_in:
            return "mine"
        if answer.applied:
            return "copy"
        if answer.before is None:
            raise Transient(Code.LEDGER_SILENT())
        if self.stand_in:
            is_same = answer.before["payload_hash"] == self.genuine
            return "copy" if is_same else "collision"
        return judge(batch_id, self.event, answer.before)

    def after(self, verdict: Verdict, held: Item | None) -> "_Place | None":
        """The next place, given the claim found at this one; None: the verdict is final."""
        match verdict:
            case "mine" | "other" if len(self.routes) > 1:
                return replace(self, routes=self.routes[1:])
            case "mine" if len(self.names) > 1:
                return _Place(self.event, self.names[1:])
            case "stood for" if held is not None:
                return self._met(held, self.event.payload_hash)
            case "copy" if held is not None and self._is_made_of(held):
                return self._met(held, held["payload_hash"])
            case "collision" if self.apart in ("", GENUINE):
                # A made event has the place of the genuine one that it stands for.
                stands_for = held["payload_hash"] if held is not None else ""
                apart = stands_for if self.event.backfill else self.event.payload_hash
                return replace(self, apart=apart, routes=(), stand_in="", genuine="")
            case "other" if held is not None and not self.routes:
                return replace(self, routes=_own_places(self.event, held))
            case "other" if self.routes == _ordered_places(self.event)[:1]:
                return replace(self, routes=_ordered_places(self.event)[1:])
        return None

    def _is_made_of(self, held: Item) -> bool:
        return bool(self.event.backfill) and not (self.stand_in or held.get("backfill"))

    def _met(self, held: Item, genuine: str) -> "_Place":
        return replace(self, apart=GENUINE, routes=(), stand_in=held["batch_id"], genuine=genuine)

    def item(self, batch_id: str, now_ms: int) -> Item:
        event = self.event
        route = self.routes[0] if self.routes else ""
        pk, sk = claim_key(event, "" if self.stand_in else self.names[0], self.apart, route)
        return {
            "pk": pk,
            "sk": sk,
            **({"correlation_id": event.correlation_id} if event.correlation_id else {}),
            **({"entrance": event.entrance} if event.entrance else {}),
            **({"sender": event.sender} if event.sender else {}),
            **({"routes": list(event.routes)} if event.routes else {}),
            **({"redelivery": event.redelivery} if event.redelivery else {}),
            **({"backfill": event.backfill} if event.backfill and not self.stand_in else {}),
            "batch_id": self.stand_in or batch_id,
            "payload_hash": self.genuine or event.payload_hash,
            "topic": event.topic,
            "envelope_id": event.envelope_id,
            "claimed_at_ms": now_ms,
            "expires_at": now_ms // 1000 + CLAIM_TTL_S,
        }
