"""Mistakes about messages."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lambdas.relay.assembly import consumers
from lambdas.relay.assembly import intake as assembled_intake
from lambdas.relay.functions import (
    attempt,
    consolidation,
    dedup,
    intake,
    overdue,
    reconcile,
    write,
)
from lambdas.relay.functions.redriving import DeadBatch, Verdict, judge_batch
from lambdas.relay.functions.tally import Result
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages import consumer, sealing
from lambdas.relay.messages.consumer import Consumer, Disposition, Done, Later
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests.states import State
from simulation.mutants.mutant import Mutant
from simulation.mutants.settling import split_for_good
from simulation.mutants.stages import odd, some_items_fail
from simulation.rivals.tutorials import process_then_put, put_then_process

_settle, _send = consumer.settle, dedup._send


def _swallow(delivery: Delivery, act: Callable[[], Disposition], consumer: Consumer) -> bool:
    def calmly() -> Disposition:
        try:
            return act()
        except Transient:
            return Done()

    return _settle(delivery, calmly, consumer)


def _answer_nothing(
    arrived: Sequence[Delivery],
    act: Callable[[Delivery], Disposition],
    consumer: Consumer,
    deadline_ms: int | None = None,
) -> list[str]:
    for delivery in arrived:
        _settle(delivery, lambda d=delivery: act(d), consumer)  # type: ignore[misc]
    return []


def _intake_that_forgets(arrived: Sequence[Delivery], deps: intake.Deps) -> list[str]:
    rendered: list[intake._Rendered] = []
    for delivery in arrived:
        _settle(delivery, lambda d=delivery: intake._read(d, rendered, deps), deps.consumer)  # type: ignore[misc]
    try:
        intake._send(rendered, deps)
    except Transient as transient:
        stay = Later(transient.reason)
        rows = {row.delivery.message_id: row.delivery for row in rendered}
        return consumer.settle_each(list(rows.values()), lambda _: stay, deps.consumer)
    return []


def _split_is_done(
    queue: str, redrives: int, why: Reason, batch: DeadBatch, *, backoff_s: float
) -> Verdict:
    state: State | None = "DONE" if batch.state == "SPLIT" else batch.state
    return judge_batch(queue, redrives, why, replace(batch, state=state), backoff_s=backoff_s)


def _delete_then_send(
    dead_letter: Delivery, line: reconcile.Line, deps: reconcile.Deps, result: Result
) -> None:
    line.dead.delete(dead_letter)
    line.source.send([Outgoing(dead_letter.body, dead_letter.attributes)])


def _keep_then_send(own: Batch, message: str, deps: dedup.Deps, now_ms: int) -> None:
    deps.consumer.vault.keep(sealed_key(own.batch_id), message)
    _send(own, message, deps, now_ms)


QUEUEING = (
    Mutant(
        "errors are swallowed",
        "It was logged, and the answer is 200.",
        ((consumer, "settle", _swallow),),
    ),
    Mutant(
        "nothing is named as failed",
        "The partial batch response is empty, so SQS deletes everything.",
        tuple(
            (place, "settle_each", _answer_nothing) for place in (intake, consolidation, consumers)
        ),
    ),
    Mutant(
        "intake forgets what it could not set aside",
        "Only the sending can fail.",
        ((assembled_intake, "intake", _intake_that_forgets),),
        storm={"vault refused": 0.5},
        stage=odd,
    ),
    Mutant(
        "what cannot be read is dropped",
        "It is no use to anybody.",
        ((consumer, "quarantine", lambda text, reason, consumer: None),),
    ),
    Mutant(
        "messages may grow as old as they like",
        "SQS keeps them; for four days.",
        ((consumer, "_is_old", lambda delivery, now_ms: False),),
        storm={"mapping paused": 0.9, "429 hours": 0.2, "hide refused": 0.0},
    ),
    Mutant(
        "a dead letter is deleted before it is sent back",
        "Otherwise it would be there twice.",
        ((reconcile, "_reconcile_letter", _delete_then_send),),
        storm={"crash": 0.01, "send refused": 0.5, "429 hours": 0.0},
    ),
    Mutant(
        "the dead letter of a split request is cleared away",
        "Its record is final, so the letter says nothing new.",
        # Today its record would bring it back, so that is missing too.
        ((reconcile, "judge_batch", _split_is_done), (attempt, "settling", split_for_good)),
        storm={"vault refused": 0.6, "purge": 0.0, "429 hours": 0.0},
        stage=some_items_fail,
    ),
    Mutant(
        "an attribute's count is a count",
        "We wrote it ourselves.",
        ((reconcile, "count", lambda attributes, name: int(attributes.get(name, 0))),),
        storm={"attributes edited": 0.9, "429 hours": 0.2, "send refused": 0.3},
    ),
    Mutant(
        "a batch is written wherever it comes from",
        "What is in the queue of write has been through dedup.",
        ((write, "is_unclaimed", lambda text: False),),
        storm={"redrive astray": 0.9, "mapping paused": 0.5, "ledger unreadable": 0.2},
    ),
    Mutant(
        "a message that was claimed stays until it is written",
        "SQS keeps it.",
        ((overdue, "sealed_key", lambda batch_id: "nothing is kept"),),
        storm={"purge": 0.9, "429 hours": 0.1},
    ),
    Mutant(
        "a payload is kept once it is claimed",
        "Until then its message is in the queue, and the archive has its events.",
        ((dedup, "_keep", lambda batch, message, deps: None), (dedup, "_send", _keep_then_send)),
        storm={"archive replayed": 0.9, "ledger partly applied": 0.3, "purge": 0.0},
    ),
    Mutant(
        "a checksum is the checksum",
        "We sealed it ourselves, and nobody edits a message.",
        ((sealing, "is_summed", lambda message: True),),
        storm={"body edited": 0.9, "mapping paused": 0.5, "429 hours": 0.2},
    ),
    Mutant(
        "the tutorial: set the key, then process",
        "A conditional put before the work makes it run once.",
        functions={"intake": put_then_process},
        regimes=("honoured", "ignored"),
        without=frozenset({"dedup", "write", "confirm", "reconcile"}),
    ),
    Mutant(
        "the tutorial: process, then set the key",
        "A key set after the work marks it as done.",
        functions={"intake": process_then_put},
        regimes=("honoured", "ignored"),
        without=frozenset({"dedup", "write", "confirm", "reconcile"}),
    ),
)
