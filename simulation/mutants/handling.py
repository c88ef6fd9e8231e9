"""Mistakes about what people edit, take away, put back, read again and restore."""

from contextlib import suppress
from dataclasses import replace

from lambdas.relay.functions import dedup, parts, reconcile
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Change, Delivery, Guard, Item, Outbox, Outgoing, Vault
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.ledger.shared import STATE, SharedItem, Values
from lambdas.relay.messages import consumer
from lambdas.relay.messages.consumer import Consumer, Disposition
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests import damage
from lambdas.relay.requests.states import State
from lambdas.relay.review import cases
from lambdas.relay.review.quarantined import quarantine_key
from simulation import deciders, restores
from simulation.mutants.mutant import UNANSWERED, Mutant
from simulation.mutants.stages import some_items_fail
from simulation.scenario import EVENTS, Scenario
from simulation.workload import Shares

_bury = consumer._bury


def _as_read(self: SharedItem, standing: Item | None, values: Values, holder: str) -> bool:
    """Every change counts one more than the last, and numbers are numbers."""
    if standing is None:
        item = {"pk": self._pk, "sk": "L", "state": STATE, "attempt": 1, "holder": holder}
        written = self._ledger.insert([{**item, **values}])[0]
    else:
        attempt = int(standing.get("attempt", 0))
        guard = Guard(None, same={"attempt": attempt, "holder": standing.get("holder")})
        put = {**values, "state": STATE, "holder": holder, "attempt": attempt + 1}
        written = self._ledger.change(self._pk, "L", guard, Change(put=put))
    self._met = written.before
    return written.applied or (self._met is not None and self._met.get("holder") == holder)


def _bury_with_its_payload(delivery: Delivery, reason: Reason, consumer: Consumer) -> Disposition:
    done = _bury(delivery, reason, consumer)
    with suppress(Malformed):
        consumer.vault.discard(sealed_key(decode(delivery.body).batch_id))
    return done


def _complete_nothing(batch: Batch, state: State | None, vault: Vault) -> None:
    return


def _open_no_case(batch_id: str, reason: Reason, vault: Vault, now_ms: int) -> None:
    return


def _under_its_name(name: str, message: str, *, vault: Vault, events: Outbox) -> None:
    events.send([Outgoing(message)])
    vault.discard(quarantine_key(name))


def _unmarked() -> tuple[Guard, Change]:
    return Guard(frozenset({"SEALED", "OPEN"})), Change()


def _read_again(scenario: Scenario) -> Scenario:
    """Many unreadable messages and many decisions: one removes late what another has read again."""
    unreadable = Shares(poison=0.0, odd=0.7, copies=0.0)
    return replace(scenario, shares=unreadable, events=EVENTS, told=0, decides=True)


def _restored(scenario: Scenario) -> Scenario:
    rates = {**scenario.rates, "ledger restored": 1.0, "429 hours": 0.0}
    return replace(some_items_fail(scenario), rates=rates, events=EVENTS)


HANDLING = (
    Mutant(
        "an edited record still says how often it was sent",
        "What is missing of it counts as zero.",
        ((damage, "_SENDING", frozenset()),),
        storm={"records edited": 0.9, **UNANSWERED},
    ),
    Mutant(
        "a record without a state needs no document",
        "The person finds it on the list.",
        ((cases, "open_case", _open_no_case),),
        storm={"records edited": 0.9, "purge": 0.9, "429 hours": 0.2},
    ),
    Mutant(
        "what all writers share is written by writers",
        "Its count is a number, so the next one is one more.",
        ((SharedItem, "_swap", _as_read),),
        storm={"shared items edited": 0.9, "429 hours": 0.0},
    ),
    Mutant(
        "a case is complete when it is opened",
        "The payload is in the vault by then.",
        tuple((place, "complete", _complete_nothing) for place in (dedup, parts, reconcile)),
        storm={"put back late": 0.9, "vault refused": 0.5, "429 hours": 0.0, "purge": 0.0},
    ),
    Mutant(
        "a dead letter is payload enough",
        "It holds the message, so the vault need not.",
        ((consumer, "_bury", _bury_with_its_payload),),
        storm={"dead letters purged": 0.9, "429 hours": 0.2},
    ),
    Mutant(
        "a dead letter belongs where it lies",
        "Only the queue's own function puts letters there.",
        ((reconcile, "_home", lambda text, line, deps: line),),
        storm={"made a dead letter": 0.9, "429 hours": 0.0},
    ),
    Mutant(
        "what is read again keeps its name",
        "It is sent, so its document can go.",
        ((deciders, "read_again", _under_its_name),),
        stage=_read_again,
    ),
    Mutant(
        "a restored ledger says what was sent",
        "It is a copy of the true one.",
        ((restores, "doubting", _unmarked),),
        stage=_restored,
    ),
)
