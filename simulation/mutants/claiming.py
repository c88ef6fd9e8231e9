"""Mistakes about who owns an event."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from lambdas.relay.assembly.intake import intake_function
from lambdas.relay.correlation.loop_guard import ALL_NEWS
from lambdas.relay.functions import dedup, horizon
from lambdas.relay.kernel.limits import DAY_S
from lambdas.relay.kernel.ports import Delivery, Item, Ledger, Outgoing, Queue
from lambdas.relay.ledger import claims
from lambdas.relay.ledger.claims import Claimed, Verdict, claim, judge
from lambdas.relay.messages.sealing import Batch, SealedEvent, decode, describe, encode_unclaimed
from simulation.functions import Function, Instance
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import made, ordered

_runs = count()


@dataclass(frozen=True, slots=True)
class _ClaimsFirst:
    """The batches queue behind a claim: nobody is responsible yet when the claim is made."""

    queue: Queue
    instance: Instance

    def send(self, messages: Sequence[Outgoing]) -> None:
        kept = []
        for message in messages:
            batch = decode(message.body)
            claimed = claim(batch, self.instance.ledger, self.instance.clock.now_ms())
            if claimed.owned:
                own = batch.only(claimed.owned)
                kept.append(Outgoing(encode_unclaimed(own), describe(own)))
        self.queue.send(kept)

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        self.queue.change_visibility(delivery, seconds)

    def receive(self, most: int) -> Sequence[Delivery]:
        return self.queue.receive(most)

    def delete(self, delivery: Delivery) -> None:
        self.queue.delete(delivery)


class _ClaimingInstance(Instance):
    def queue(self, name: str) -> Any:
        queue = super().queue(name)
        return _ClaimsFirst(queue, self) if name == "batches" else queue


def _intake_that_claims(instance: Instance) -> Function:
    claiming = _ClaimingInstance(instance.neighbours, 0)
    claiming.clock = instance.clock
    return intake_function(claiming, claiming.settings)


def _whoever_is_there(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    return "copy"


def _same_identity_is_duplicate(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    verdict = judge(batch_id, event, held)
    return "copy" if verdict == "collision" else verdict


def _one_claim_for_all_routes(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    verdict = judge(batch_id, event, held)
    return "copy" if verdict == "other" else verdict


def _one_route_per_order(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    verdict = judge(batch_id, event, held)
    is_ordered = event.redelivery and held.get("redelivery") == event.redelivery
    return "copy" if is_ordered and verdict == "other" else verdict


def _as_any_other(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    return judge(batch_id, replace(event, backfill=""), {**held, "backfill": ""})


def _stands_for_all(batch_id: str, event: SealedEvent, held: Item) -> Verdict:
    verdict = judge(batch_id, event, held)
    return "copy" if verdict == "stood for" else verdict


def _owns_all(batch: Batch, ledger: Ledger, now_ms: int) -> Claimed:
    claim(batch, ledger, now_ms)
    return Claimed(frozenset(event.identity for event in batch.events), (), ())


def _claim_by_run(batch: Batch, ledger: Ledger, now_ms: int) -> Claimed:
    return claim(replace(batch, batch_id=f"{batch.batch_id}-{next(_runs)}"), ledger, now_ms)


class _AlwaysDone:
    """A record that exists counts as somebody else's work."""

    state = "DONE"

    @classmethod
    def of(cls, item: Item) -> type["_AlwaysDone"]:
        return cls


CLAIMING = (
    Mutant(
        "claims before the owner is durable",
        "intake claims its events, then sends the batch that they were claimed for.",
        functions={"intake": _intake_that_claims},
    ),
    Mutant(
        "a claim that is there is a duplicate",
        "The put failed, so somebody else has the event; it was our own first try.",
        ((claims, "judge", _whoever_is_there),),
    ),
    Mutant(
        "an identity that is there is a duplicate",
        "Nobody compares what the two events say.",
        ((claims, "judge", _same_identity_is_duplicate),),
    ),
    Mutant(
        "one claim speaks for all routes",
        "The destination has the event; what another route would make of it is the same event.",
        ((claims, "judge", _one_claim_for_all_routes),),
    ),
    Mutant(
        "an order speaks for one route",
        "The redelivery's claim is there, so the event was delivered again.",
        ((claims, "judge", _one_route_per_order),),
        regimes=("honoured", "ignored", "tracked"),
        stage=ordered,
    ),
    Mutant(
        "a made event is an event like any other",
        "It says something else than the genuine one under the same identity, so both are kept.",
        ((claims, "judge", _as_any_other),),
        stage=made,
    ),
    Mutant(
        "a made event stands for all under its moment",
        "Whatever is known by the moment of an event that was made is a copy of it.",
        ((claims, "judge", _stands_for_all),),
        stage=made,
    ),
    Mutant(
        "claims are made and not obeyed",
        "The whole batch goes on, copies included.",
        ((dedup, "claim", _owns_all),),
    ),
    Mutant(
        "the owner is the invocation",
        "Whoever claims says who he is; he who comes back after a crash is somebody else.",
        ((dedup, "claim", _claim_by_run),),
    ),
    Mutant(
        "a recorded batch is under way",
        "Its record exists, so its write message does; the crash came between.",
        ((dedup, "Record", _AlwaysDone),),
    ),
    Mutant(
        "a missing claim is proof of novelty",
        "No horizon: TTL has deleted the claim, the copy counts as new (R5).",
        ((horizon, "HORIZON_S", 3_650 * DAY_S),),
    ),
    Mutant(
        "no loop guard",
        "An event that our own request caused is written back.",
        ((dedup, "_guard", lambda batch, deps, now_ms: ALL_NEWS),),
    ),
)
