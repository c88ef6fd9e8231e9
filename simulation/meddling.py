"""A person meddles with what is stored: records and shared items of the ledger are edited, messages
are taken out and put back days later, or made dead letters of any queue, which somebody purges;
then the archive is replayed.

With randomness of its own, so that worlds without such a person stay as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lambdas.relay.kernel.limits import DAY_S, HOUR_S
from lambdas.relay.kernel.ports import Item, Outgoing
from lambdas.relay.ledger.shared import STATE
from lambdas.relay.requests.record import SORT_KEY, batch_id_of
from simulation.fault_plan import FaultPlan
from simulation.incidents import WITHIN_S
from simulation.memory.bus import Bus
from simulation.memory.queues import StoredQueue
from simulation.memory.table import Key, Table
from simulation.memory.timeline import Timeline
from simulation.post import request_of
from simulation.slips import NOTICED_WITHIN_S, Harm, replay_archive
from simulation.workload import numbers_of

#: how long messages are away: shorter and longer than reconcile waits until it gives a request up
AWAY_S = (HOUR_S, 3 * DAY_S, 11 * DAY_S)
#: how often each of these acts takes place, and on which share of what there is
TIMES, EDITED_SHARE = 3, 0.5
#: attributes of a record that somebody removes. Not the lease, nor the mark of an unknown outcome:
#: they protect a request that is under way, and nothing else knows of it
REMOVED = (
    "attempt", "deferred", "destination", "events", "history", "holder", "sealed_at_ms", "state",
)  # fmt: skip
#: ... and those of which one is replaced by a word
WORDS = ("attempt", "deferred", "doubt_since_ms", "sealed_at_ms")
#: a key of the index: DynamoDB refuses another type
INDEXED = "due_at"


@dataclass(frozen=True, slots=True)
class Meddling:
    random: Random
    timeline: Timeline
    fault_plan: FaultPlan
    queues: Mapping[str, StoredQueue]
    #: the queues that functions read
    names: Sequence[str]
    bus: Bus
    table: Table
    #: keys of the records that were edited
    edited: set[str]
    #: numbers of the events of each request
    requests: Mapping[str, set[int]]
    harm: Harm
    #: how long faults go on, in seconds
    faults_s: float

    def plan(self) -> None:
        strikes = self.fault_plan.strikes
        for _ in range(TIMES):
            if strikes("records edited"):
                self._at_some_time(self._edit_records)
            if strikes("shared items edited"):
                self._at_some_time(self._edit_shared_items)
        if strikes("dead letters purged"):
            self._at_some_time(self._purge_dead_letters)
        for name in self.names:
            if strikes("made a dead letter"):
                to = f"{self.random.choice(self.names)}-dead"
                self._at_some_time(lambda n=name, t=to: self._bury(n, t))  # type: ignore[misc]
            for place in (name, f"{name}-dead"):
                if strikes("put back late"):
                    away_s = self.random.random() * self.random.choice(AWAY_S)
                    self._at_some_time(lambda p=place, s=away_s: self._take_out(p, s))  # type: ignore[misc]

    def _at_some_time(self, action: Callable[[], None]) -> None:
        self.timeline.after(self.random.random() ** 2 * min(self.faults_s, WITHIN_S), action)

    def _edit_records(self) -> None:
        for key, item in self._some(lambda item: item["sk"] == SORT_KEY):
            removed = {self.random.choice(REMOVED)}
            self.edited.add(key[0])
            # A part that was never sent has no message yet that holds its events.
            whole = self.requests.get(str(item.get("parent")), set())
            self.harm.doctored.update(self.requests.get(batch_id_of(key[0]), whole))
            word = self.random.choice(WORDS)
            words = {word: "unknown"} if word in item else {}
            self.table.items[key] = _as_strings({**item, **words}, removed)

    def _edit_shared_items(self) -> None:
        """Each gets strings for its numbers, loses a value, or is deleted."""
        for key, item in self._some(lambda item: item.get("state") == STATE):
            removed = {self.random.choice([name for name in item if name not in ("pk", "sk")])}
            match self.random.choice(("texts", "removed", "deleted")):
                case "texts":
                    self.table.items[key] = _as_strings(item, set())
                case "removed":
                    self.table.items[key] = {n: v for n, v in item.items() if n not in removed}
                case _:
                    del self.table.items[key]

    def _some(self, chosen: Callable[[Item], bool]) -> list[tuple[Key, Item]]:
        items = [(key, item) for key, item in self.table.items.items() if chosen(item)]
        return [each for each in items if self.random.random() < EDITED_SHARE]

    def _bury(self, name: str, to: str) -> None:
        for message in self.queues[name].messages.values():
            self.harm.buried.update(numbers_of(message.body))
        self.queues[name].redrive(self.queues[to], 1_000)

    def _purge_dead_letters(self) -> None:
        """In all queues; only the archive can bring back what was not claimed yet."""
        claiming = {item["batch_id"] for item in self.table.items.values() if "batch_id" in item}
        for name in self.names:
            messages = self.queues[f"{name}-dead"].messages
            for message in messages.values():
                is_claimed = request_of(message.body) in claiming
                gone = self.harm.emptied if is_claimed else self.harm.purged
                gone.update(numbers_of(message.body))
            messages.clear()
        self.timeline.after(self.random.random() * NOTICED_WITHIN_S, self._replay)

    def _replay(self) -> None:
        self.harm.replayed.update(replay_archive(self.bus, "after a purge"))

    def _take_out(self, place: str, away_s: float) -> None:
        queue = self.queues[place]
        held = [Outgoing(m.body, m.attributes) for m in queue.messages.values()]
        queue.messages.clear()
        for message in held:
            self.harm.taken_out.update(numbers_of(message.body))
            self.timeline.after(away_s, lambda m=message: queue.send(m))  # type: ignore[misc]


def _as_strings(item: Item, removed: set[str]) -> Item:
    """Numbers become strings, as easily happens in a form."""
    return {
        name: str(value) if type(value) is int and name != INDEXED else value
        for name, value in item.items()
        if name not in removed
    }
