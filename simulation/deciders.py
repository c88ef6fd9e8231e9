"""A person who decides cases and quarantined messages, at bad moments: while the function that
parked a request is still at work on it, twice, with another person deciding otherwise, and stopped
in the middle of the command.

The decision itself is the production code that `relay review resolve` runs. Each command is an
invocation like a function's: the functions go on between its calls, its calls fail like theirs, and
it can die. checker.py judges what became of the events by what was ordered.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import get_args

from lambdas.relay.assembly.consumers import writes_of
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import DAY_S, HOUR_S, MINUTE_S
from lambdas.relay.kernel.ports import Delivery, Item
from lambdas.relay.kernel.vault_keys import QUARANTINE, review_key
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.review.quarantined import read_again
from lambdas.relay.review.resolution import Decision, NotResolved, Verdict, find, resolve
from simulation.decisions import Decided
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.history import History
from simulation.mappings import Pool
from simulation.scenario import Scenario
from simulation.scheduler import Ending, Returned
from simulation.trace import Trace
from simulation.whereabouts import WITH_A_PERSON
from simulation.workload import numbers_of
from simulation.world import World

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
#: a command that takes longer is interrupted
PATIENCE_S = 15 * MINUTE_S
#: the share of cases that somebody decides as soon as they are listed, and how soon
AT_ONCE_SHARE, AT_ONCE_S = 0.4, 10.0
#: somebody goes through the list this often, each time within one of these times
ROUNDS_MAX, WITHIN_S = 4, (10 * MINUTE_S, 6 * HOUR_S, 5 * DAY_S)
#: for each case on the list: whether it is decided in a round, and whether somebody else decides it
#: at the same time
DECIDED_SHARE, TWICE_SHARE, AT_THE_SAME_TIME_S = 0.6, 0.3, 0.3
#: the share of decided messages in quarantine that are read again; the others are discarded
READ_AGAIN_SHARE = 0.7
#: a command that failed is run again, at most this often, within this time
REPEATED_MAX, REPEATED_WITHIN_S = 2, 5 * MINUTE_S


def person(instance: Instance) -> Function:
    """Runs one command: the case, or the quarantined message's key, is the message's body, the
    verdict its receipt. Returns what was not carried out, as consumers do."""

    def run(orders: Sequence[Delivery], deadline_ms: int) -> list[str]:
        (order,) = orders
        verdict = next(verdict for verdict in VERDICTS if verdict == order.receipt)
        try:
            if order.body.startswith(QUARANTINE):
                return _decide_message(order.body, verdict, instance)
            resolve(
                find(order.body, instance.ledger, instance.vault),
                Decision(verdict, "somebody", "by hand"),
                ledger=instance.ledger,
                vault=instance.vault,
                writes=writes_of(instance, instance.settings.configuration),
                now_ms=instance.clock.now_ms(),
            )
        except NotResolved:
            return ["refused"]
        except Transient:
            return ["failed"]
        return []

    return run


def _decide_message(key: str, verdict: Verdict, instance: Instance) -> list[str]:
    """Discarding also keeps a copy, which nothing reads."""
    document = instance.vault.fetch(key)
    if document is None:
        return ["refused"]
    if verdict == "again":
        name = key.removeprefix(QUARANTINE).removesuffix(".json")
        message = str(json.loads(document)["message"])
        events = instance.queue("events")
        read_again(name, message, vault=instance.vault, events=events)
    else:
        instance.vault.discard(key)
    return []


class DecidedWorld(World):
    """One run with such a person in it."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        trace: Trace | None = None,
        functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS,
    ) -> None:
        self.decisions = Random(f"decisions {scenario.seed}")
        self.decided = Decided()
        super().__init__(scenario, trace=trace, functions=functions)
        self.person = Pool(
            verb="person",
            timeout_s=PATIENCE_S,
            make=person,
            neighbours=self.neighbours,
            scheduler=self.scheduler,
            fault_plan=self.fault_plan,
            random=self.decisions,
        )
        for _ in range(self.decisions.randint(1, ROUNDS_MAX)):
            within_s = self.decisions.choice(WITHIN_S)
            self.timeline.after(self.decisions.random() * within_s, self._go_through)
        # Randomness of its own: what is decided on cases stays as it was.
        self.readings = Random(f"readings {scenario.seed}")
        for _ in range(self.readings.randint(0, ROUNDS_MAX)):
            within_s = self.readings.choice(WITHIN_S)
            self.timeline.after(self.readings.random() * within_s, self._go_through_quarantine)

    def _record_changed(self, old: Item | None, new: Item | None) -> None:
        super()._record_changed(old, new)
        was, now = (None if item is None else item.get("state") for item in (old, new))
        if new is None or now not in WITH_A_PERSON or was in WITH_A_PERSON:
            return
        if self.decisions.random() < AT_ONCE_SHARE:
            self._order_soon(batch_id_of(str(new["pk"])), AT_ONCE_S)

    def _go_through(self) -> None:
        for (pk, _), item in list(self.table.items.items()):
            if item.get("attention") == "review" and self.decisions.random() < DECIDED_SHARE:
                self._order_soon(batch_id_of(pk), MINUTE_S)

    def _go_through_quarantine(self) -> None:
        random = self.readings
        for key in [key for key in self.documents if key.startswith(QUARANTINE)]:
            if random.random() < DECIDED_SHARE:
                # One may have it read again while another discards it.
                shown = numbers_of(self.documents[key])
                for _ in range(2 if random.random() < TWICE_SHARE else 1):
                    verdict: Verdict = "again" if random.random() < READ_AGAIN_SHARE else "discard"
                    delay_s = random.random() * AT_THE_SAME_TIME_S
                    self.timeline.after(delay_s, partial(self._order_message, key, shown, verdict))

    def _order_message(self, key: str, shown: set[int], verdict: Verdict) -> None:
        def ended(ending: Ending) -> None:
            is_refused = isinstance(ending, Returned) and ending.value == ["refused"]
            if verdict == "discard" and not is_refused:
                self.decided.closed(shown, set(), self.timeline.now_ms, is_done=False)

        self.probes.counts[f"person: {verdict}, a message"] += 1
        now_ms = self.timeline.now_ms
        self.person.invoke([Delivery("order", verdict, key, 1, now_ms)], ended)

    def _order_soon(self, case: str, within_s: float) -> None:
        people = 2 if self.decisions.random() < TWICE_SHARE else 1
        delay_s = self.decisions.random() ** 2 * within_s
        for _ in range(people):
            verdict = self.decisions.choice(VERDICTS)
            self.timeline.after(delay_s, lambda v=verdict: self._order(case, v, 1))  # type: ignore[misc]
            delay_s += self.decisions.random() * AT_THE_SAME_TIME_S

    def _order(self, case: str, verdict: Verdict, attempt: int) -> None:
        shown = numbers_of(self.documents.get(review_key(case), ""))
        sealed = self.requests.get(case, set())

        def ended(ending: Ending) -> None:
            told = ending.value if isinstance(ending, Returned) else ["failed"]
            if told != ["refused"] and verdict == "again":
                self.decided.delivered_again(case, shown | sealed)
            elif told != ["refused"]:
                self.decided.closed(shown, sealed, self.timeline.now_ms, is_done=not told)
            if told == ["failed"] and attempt <= REPEATED_MAX:
                delay_s = self.decisions.random() * REPEATED_WITHIN_S
                self.timeline.after(delay_s, lambda: self._order(case, verdict, attempt + 1))

        self.probes.counts[f"person: {verdict}"] += 1
        now_ms = self.timeline.now_ms
        self.person.invoke([Delivery("order", verdict, case, attempt, now_ms)], ended)

    def _history(self, *, at_rest: bool) -> History:
        history = super()._history(at_rest=at_rest)
        errors = [f"a person's command raised {error!r}" for error in self.person.errors]
        # What is read again goes to intake, whatever it is.
        strays = [] if self.probes.counts["person: again, a message"] else history.strays
        errors = [*history.errors, *errors]
        return replace(history, decided=self.decided, strays=strays, errors=errors)
