"""Mistakes about putting an outcome on record."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, get_args

from lambdas.relay.functions import attempt, dedup, leasing, parts
from lambdas.relay.functions.parts import on_record, send_parts
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.consumer import Disposition, Done
from lambdas.relay.messages.sealing import Batch
from lambdas.relay.requests import tracking
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.resolving import concluding
from lambdas.relay.requests.sending import Opened, releasing, sealed_item, settling
from lambdas.relay.requests.states import FINAL, PARKED, SETTLED, State
from simulation.mutants.mutant import Mutant
from simulation.mutants.stages import some_items_fail, soon

_EVERY_STATE: frozenset[str] = frozenset(get_args(State))
_part = Batch.part
_settle = attempt.Attempt.settle
_numbers = count()


def _unconditional(
    opened: Opened, state: State, now_ms: int, note: Reason, **more: object
) -> tuple[Guard, Change]:
    _, change = settling(opened, state, now_ms, note, **more)
    return Guard(_EVERY_STATE), change


def _ask_whoever_is_there(
    opened: Opened, state: State, now_ms: int, note: Reason, **more: object
) -> tuple[Guard, Change]:
    guard, change = settling(opened, state, now_ms, note, **more)
    return replace(guard, attempt=None, holder=None), change


def _release_anybody(
    opened: Opened, now_ms: int, note: Reason, conflict_since_ms: int | None = None
) -> tuple[Guard, Change]:
    guard, change = releasing(opened, now_ms, note, conflict_since_ms)
    return replace(guard, attempt=None, holder=None), change


def _settle_calmly(
    self: attempt.Attempt, state: State, note: Reason, **more: object
) -> Disposition:
    try:
        return _settle(self, state, note, **more)
    except Transient:
        self.deps.vault.discard(sealed_key(self.batch.batch_id))
        return Done()


def _expiring_item(batch: Batch, now_ms: int) -> Item:
    return {**sealed_item(batch, now_ms), "expires_at": now_ms // 1000 + 86_400}


def _new_child(self: Batch, indices: Sequence[int]) -> Batch:
    return replace(_part(self, indices), batch_id=f"child-{next(_numbers)}")


def _child_of_place(batch: Batch, row: Mapping[str, Any]) -> Batch:
    return batch.part(row["indices"])


def _split_and_hope(
    self: attempt.Attempt, parts: list[dict[str, Any]], note: Reason
) -> Disposition:
    done = self.settle("SPLIT", note, parts=on_record(self.batch, parts))
    if isinstance(done, Done):
        try:
            send_parts(self.batch, parts, self.deps)
        except Transient:
            now_ms = self.deps.clock.now_ms()
            self.deps.ledger.change(*record_key(self.batch.batch_id), *concluding(now_ms))
    return done


def split_for_good(
    opened: Opened, state: State, now_ms: int, note: Reason, **more: object
) -> tuple[Guard, Change]:
    guard, change = settling(opened, state, now_ms, note, **more)
    if state != "SPLIT":
        return guard, change
    _, final = concluding(now_ms)
    put = {name: value for name, value in change.put.items() if name not in final.drop}
    return guard, replace(change, put={**put, **final.put}, drop=change.drop | final.drop)


_can_be_confirmed = tracking.can_be_confirmed


def _confirmed_early(tracked: Record) -> bool:
    return tracked.state == "OPEN" or _can_be_confirmed(tracked)


SETTLING = (
    Mutant(
        "settles whatever it finds",
        "The update has no condition.",
        ((attempt, "settling", _unconditional),),
        storm={"ledger late write": 0.3, "429 hours": 0.0},
    ),
    Mutant(
        "settles and releases another's lease",
        "The record is open, so it must be mine.",
        ((attempt, "settling", _ask_whoever_is_there), (attempt, "releasing", _release_anybody)),
        storm={"ledger late write": 0.3, "429 short": 0.3, "delivered twice": 0.3},
        regimes=("ignored", "ignored, read back", "ignored, manual"),
    ),
    Mutant(
        "acknowledged though not on record",
        "The settling failed; the request was answered all the same, so its payload can go (R8).",
        ((attempt.Attempt, "settle", _settle_calmly),),
        storm={"ledger throttled": 0.2, "429 hours": 0.0},
    ),
    Mutant(
        "open records expire",
        "TTL keeps the table small (R6).",
        ((dedup, "sealed_item", _expiring_item),),
    ),
    Mutant(
        "children are new each time",
        "A split gives its parts fresh ids (R7).",
        ((Batch, "part", _new_child), (parts, "_child", _child_of_place)),
    ),
    Mutant(
        "a split is not resumed",
        "Its record is final, so there is nothing left to do.",
        (
            (
                leasing,
                "stand_by",
                lambda batch, standing, deps: standing.state in FINAL | SETTLED | PARKED,
            ),
        ),
        storm={"crash": 0.01, "ledger throttled": 0.3, "item retryable": 0.3, "429 hours": 0.0},
        stage=some_items_fail,
    ),
    Mutant(
        "a split is nobody's business once it is on record",
        "It is final, and its message sends the parts.",
        ((attempt, "settling", split_for_good),),
        storm={"purge": 1.0, "vault refused": 0.7, "429 hours": 0.0},
        stage=soon,
    ),
    Mutant(
        "a split is acknowledged before its children are durable",
        "The queue will take them; it always does.",
        ((attempt.Attempt, "split", _split_and_hope),),
        storm={"ledger throttled": 0.3, "vault refused": 0.3, "429 hours": 0.0},
        stage=some_items_fail,
    ),
    Mutant(
        "given to a person without the document",
        "The record says why; what it was about is in the logs.",
        ((attempt, "keep_for_review", lambda batch, reason, vault, now_ms, **more: None),),
    ),
    Mutant(
        "an event confirms a request that is still open",
        "It took effect, so the answer does not matter.",
        ((tracking, "can_be_confirmed", _confirmed_early),),
        regimes=("tracked", "tracked, ignored"),
        storm={"echo before answer": 0.9, "item retryable": 0.3, "echo lost": 0.0},
    ),
    Mutant(
        "an event confirms all that a person was asked",
        "Something of the request came back, so all of it took effect.",
        ((Record, "is_whole", property(lambda self: True)),),
        regimes=("tracked, ignored",),
        storm={"unanswered effect": 0.3, "echo late": 0.7, "echo lost": 0.0, "429 hours": 0.0},
        stage=some_items_fail,
    ),
)
