"""Mistakes about what a person decides on a case (simulation/deciders.py)."""

from dataclasses import replace
from typing import get_args

from lambdas.relay.kernel.ports import Change, Guard, Ledger, Outbox, Outgoing, Vault
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.sealing import describe, encode
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.resolving import resolving
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.requests.states import State
from lambdas.relay.review import resolution
from lambdas.relay.review.resolution import Decision, Parked, successor
from simulation.mutants.mutant import Mutant
from simulation.scenario import Scenario

_EVERY_STATE: frozenset[str] = frozenset(get_args(State))
_again = resolution._again


def _sent_first(
    parked: Parked,
    decision: Decision,
    ledger: Ledger,
    vault: Vault,
    writes: Outbox,
    now_ms: int,
) -> State:
    if parked.batch is not None:
        child = successor(parked.batch)
        ledger.insert([sealed_item(child, now_ms)])
        vault.keep(sealed_key(child.batch_id), encode(child))
        writes.send([Outgoing(encode(child), describe(child))])
    return _again(parked, decision, ledger, vault, writes, now_ms)


def _whatever_it_is_now(
    record: Record, state: State, now_ms: int, who: str, note: Reason
) -> tuple[Guard, Change]:
    _, change = resolving(record, state, now_ms, who, note)
    return Guard(_EVERY_STATE), change


def _decided(scenario: Scenario) -> Scenario:
    shares = replace(scenario.shares, poison=0.2)
    return replace(scenario, decides=True, shares=shares, most_items=4)


DECIDING = (
    Mutant(
        "what a person has sent again is sent before that is on record",
        "The record is for the history; what matters is that it goes out.",
        ((resolution, "_again", _sent_first),),
        stage=_decided,
    ),
    Mutant(
        "whoever decides last is right",
        "A person has decided, so the record says what the person says.",
        ((resolution, "resolving", _whatever_it_is_now),),
        stage=_decided,
    ),
)
