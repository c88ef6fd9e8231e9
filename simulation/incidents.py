"""Incidents of the whole system, at times drawn in advance: pauses, redrives, outages, slips."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from lambdas.relay.kernel.limits import DAY_S, HOUR_S
from simulation import workload
from simulation.endless import Stumble
from simulation.fault_plan import FaultPlan
from simulation.mappings import Mapping as EventSourceMapping
from simulation.memory.bus import Bus
from simulation.memory.credentials import StoredSecret
from simulation.memory.genesys import GenesysServer
from simulation.memory.queues import StoredQueue
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.post import request_of
from simulation.slips import Harm, Slips
from simulation.workload import CLAIM_DAYS, HORIZON_DAYS, START_MS

#: one hour before SQS's four days; earlier if an event kills its function, which costs its
#: neighbours as many receives as it has: ten at intake and a hundred at dedup, seven minutes apart
PAUSE_END_H = 95
PAUSE_END_BESIDE_H: Mapping[Stumble | None, int] = {"kills intake": 94, "kills dedup": 83}
#: incidents begin within this time, or within the time of faults, if that is less (seconds)
WITHIN_S = 6 * HOUR_S


@dataclass(frozen=True, slots=True)
class Incidents:
    random: Random
    timeline: Timeline
    fault_plan: FaultPlan
    queues: Mapping[str, StoredQueue]
    mappings: Mapping[str, EventSourceMapping]
    bus: Bus
    table: Table
    server: GenesysServer
    secret: StoredSecret
    harm: Harm
    #: how long faults go on, in seconds
    faults_s: float
    #: hours after the beginning by which every queue is read again
    pause_end_h: int

    def plan(self, *, late: bool) -> None:
        """With `late`, also those that happen weeks later."""
        random, fault_plan = self.random, self.fault_plan
        Slips(
            random,
            self.timeline,
            fault_plan,
            self.queues,
            tuple(self.mappings),
            self.bus,
            self.table,
            self.harm,
        ).plan(self._at_some_time)
        for queue, mapping in self.mappings.items():
            if fault_plan.strikes("mapping paused"):
                hours = random.choice((0.5, 3, 76, self.pause_end_h))
                self._at_some_time(partial(self._pause, mapping, hours))
            for kind in ("redrive whole", "redrive part"):
                if fault_plan.strikes(kind):
                    most = 1_000 if kind == "redrive whole" else 2
                    for _ in range(3):
                        self._at_some_time(partial(redrive, self.queues, queue, most))
        if fault_plan.strikes("secret rotated"):
            self._at_some_time(self.secret.rotate)
        if fault_plan.strikes("genesys silent"):
            self._at_some_time(partial(self._fall_silent, random.choice((0.2, 1.5, 3))))
        if late:
            self._plan_late()

    def _plan_late(self) -> None:
        if self.fault_plan.strikes("ttl deletion"):
            for day in range(CLAIM_DAYS, CLAIM_DAYS + 50, 2):
                self.timeline.at(START_MS + day * DAY_S * 1000, self._delete_expired)
        if self.fault_plan.strikes("message sent again"):
            # Sent at some time in the first days, copied by a person, sent again weeks later.
            day = self.random.choice((HORIZON_DAYS - 5, CLAIM_DAYS + 3, CLAIM_DAYS + 20))
            self.timeline.after(2 * HOUR_S, partial(self._copy_messages, day))

    def _copy_messages(self, day: int) -> None:
        for name in ("batches", "writes"):
            for body in filter(request_of, self.queues[name].seen[:3]):
                again = partial(self.queues[name].send, workload.by_hand(body))
                self.timeline.at(START_MS + day * DAY_S * 1000, again)

    def _at_some_time(self, action: Callable[[], None]) -> None:
        self.timeline.after(self.random.random() ** 2 * min(self.faults_s, WITHIN_S), action)

    def _pause(self, mapping: EventSourceMapping, hours: float) -> None:
        """Ends in time for the oldest message: SQS would drop it unread, beyond recovery."""
        wanted_ms = self.timeline.now_ms + int(hours * HOUR_S * 1000)
        mapping.pause(min(wanted_ms, START_MS + self.pause_end_h * HOUR_S * 1000))

    def _fall_silent(self, hours: float) -> None:
        self.server.silent_until_ms = self.timeline.now_ms + int(hours * HOUR_S * 1000)

    def _delete_expired(self) -> None:
        for key in self.table.expired(self.timeline.now_ms // 1000):
            if self.random.random() < 0.5:
                self.table.remove(key)


def redrive(queues: Mapping[str, StoredQueue], queue: str, most: int) -> None:
    queues[f"{queue}-dead"].redrive(queues[queue], most)
