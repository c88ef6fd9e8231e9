"""One run: the neighbours, the functions, and AWS's and the engineers' part between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.limits import (
    DAY_S,
    DEAD_RETENTION_S,
    HOUR_S,
    MESSAGES_PER_INVOCATION,
    MINUTE_S,
    QUEUES,
    RECONCILE_EVERY_S,
    SOURCE_RETENTION_S,
)
from lambdas.relay.kernel.ports import Item
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.states import OVERDUE
from lambdas.relay.routes.configuration import Configuration
from simulation import slips, states, workload
from simulation.configuration import configuration_of
from simulation.fault_plan import FaultPlan
from simulation.functions import FUNCTIONS, Function, Instance, Neighbours
from simulation.mappings import Mapping as EventSourceMapping
from simulation.mappings import Pool
from simulation.memory.bus import Bus, Rule
from simulation.memory.credentials import StoredSecret
from simulation.memory.genesys import Call, Effect, GenesysServer
from simulation.memory.queues import Message, StoredQueue
from simulation.memory.settings import MemorySettings
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.probes import Probes
from simulation.scenario import Scenario
from simulation.scheduler import Ending, Scheduler
from simulation.senders import KEYS, Answers, Senders
from simulation.trace import Trace
from simulation.workload import CLAIM_DAYS, HORIZON_DAYS, SOURCE, START_MS, Fact
from simulation.world_paths import PATH

#: the visibility of a dead-letter queue, which only the reconciler and engineers read
DEAD_VISIBILITY_S = 5 * MINUTE_S
_NEVER_MS = 1 << 62
#: a run that is not at rest by then never will be: a failure, not an end
STEPS_MAX = 120_000
LATEST_MS = START_MS + 400 * DAY_S * 1000
#: hours after the beginning by which every queue is read again: one hour before SQS's four days
PAUSE_END_H = 95
REDRIVES_BY_HAND = 20


@dataclass(frozen=True, slots=True)
class History:
    """All that a run left behind, as an outsider can see it."""

    facts: list[Fact]
    #: what senders were answered, by the number of their event
    answers: Answers
    calls: list[Call]
    effects: list[Effect]
    #: messages still in a queue, by the queue's name
    queued: Mapping[str, list[Message]]
    #: messages that SQS dropped because they were too old
    dropped: list[Message]
    #: how many dead letters there ever were, by the queue that they came from
    dead_lettered: Mapping[str, int]
    documents: Mapping[str, str]
    items: Mapping[tuple[str, str], Item]
    #: possible duplicates that a record lists, by its key; kept here for records that have expired
    reposts: Mapping[str, int]
    #: the key of the request that a request was split from, kept in the same way
    parents: Mapping[str, str]
    #: what was wrong with a record when it was written
    unsound: list[str]
    #: errors that ended an invocation, or that a function met and did not foresee
    errors: list[str]
    #: whether the run ended by itself
    at_rest: bool


class World:
    """Everything in one run. `functions` are the real ones, or a rival's, or a mutant's."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        trace: Trace | None = None,
        functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS,
    ) -> None:
        self.scenario = scenario
        self.trace = trace or Trace()
        self.random = Random(f"run {scenario.seed}")
        self.timeline = Timeline(START_MS)
        self.fault_plan = FaultPlan(self.random, scenario.rates)
        self.probes = Probes()
        self._next_look_ms = _NEVER_MS
        self.table = Table(self._record_changed)
        self.reposts: dict[str, int] = {}
        self.parents: dict[str, str] = {}
        #: writes to the items that all instances of a function share: pace, breaker
        self.shared_writes = 0
        self.documents: dict[str, str] = {}
        self.secret = StoredSecret()
        self.server = self.make_server()
        self.scheduler = Scheduler(self.timeline, self.fault_plan, self.trace, scenario.kills)
        self.queues = self._queues()
        self.bus = Bus(
            tuple(
                Rule(source, self.queues["events"], self.queues["events-dead"])
                for source in (SOURCE, *KEYS)
            ),
            self.timeline,
            self.fault_plan,
        )
        self.neighbours = Neighbours(
            timeline=self.timeline,
            gate=self.scheduler,
            faults=self.fault_plan,
            random=self.random,
            table=self.table,
            queues=self.queues,
            documents=self.documents,
            server=self.server,
            secret=self.secret,
            sender_keys=KEYS,
            telemetry=self.probes,
            settings=MemorySettings(
                self.configure(),
                timing=scenario.timing,
                receives=scenario.receives_max,
                requests_per_minute=scenario.per_minute,
            ),
        )
        self.pools = {verb: self._pool(verb, make) for verb, make in functions.items()}
        self.mappings = {
            queue: self._mapping(queue, verb)
            for queue, verb in QUEUES.items()
            if verb in self.pools
        }
        self.facts: list[Fact] = []
        self.answers: Answers = {}
        self._reconciliation_is_due = False
        self._redriven_by_hand = 0

    def make_server(self) -> GenesysServer:
        return GenesysServer(
            timeline=self.timeline,
            secret=self.secret,
            conducts={PATH: self.scenario.conduct},
            state_of=self._state_of,
            cause=self._cause,
        )

    def configure(self) -> Configuration:
        return configuration_of(self.scenario)

    def run(self) -> History:
        """Until nothing is left to happen."""
        scenario = self.scenario
        work = workload.generate(
            self.random,
            scenario.events,
            within_s=scenario.publishing_s,
            late_copies=scenario.regime.late_copies,
            shares=scenario.shares,
            two_routes=scenario.two_routes,
        )
        self.facts = states.added(work, scenario).facts + self._plan_senders()
        for row in work.published:
            self.timeline.at(row.at_ms, lambda row=row: self._publish(row))  # type: ignore[misc]
        self.timeline.after(scenario.faults_s, self.fault_plan.clear_up)
        self._plan_incidents()
        self.server.fails_over = workload.some(self.facts, scenario.failing, scenario.seed)
        while self.timeline.step():
            if self.trace.steps > STEPS_MAX or self.timeline.now_ms > LATEST_MS:
                return self._history(at_rest=False)
        return self._history(at_rest=True)

    def _publish(self, row: workload.Published) -> None:
        if row.on_bus:
            self.bus.put(row.text)
        else:
            self.queues["events"].send(workload.by_hand(row.text))

    def _plan_senders(self) -> list[Fact]:
        scenario = self.scenario
        if not scenario.told:
            return []
        senders = Senders(
            Random(f"senders' fates {scenario.seed}"),
            bus=self.bus,
            post=self.pools["webhook"].invoke,
            timeline=self.timeline,
            fault_plan=self.fault_plan,
        )
        self.answers = senders.answers
        return senders.plan(
            scenario.events,
            scenario.told,
            within_s=scenario.publishing_s,
            shares=scenario.shares,
        )

    # --- incidents

    def _plan_incidents(self) -> None:
        """What befalls the whole, at times drawn in advance."""
        random, fault_plan = self.random, self.fault_plan
        slips.plan(random, fault_plan, self.queues, tuple(self.mappings), self._at_some_time)
        for queue, mapping in self.mappings.items():
            if fault_plan.strikes("mapping paused"):
                hours = random.choice((0.5, 3, 76, PAUSE_END_H))
                self._at_some_time(partial(self._pause, mapping, hours))
            for kind in ("redrive whole", "redrive part"):
                if fault_plan.strikes(kind):
                    most = 1_000 if kind == "redrive whole" else 2
                    for _ in range(3):
                        self._at_some_time(lambda q=queue, n=most: self._redrive(q, n))  # type: ignore[misc]
        if fault_plan.strikes("secret rotated"):
            self._at_some_time(self.secret.rotate)
        if fault_plan.strikes("genesys silent"):
            self._at_some_time(partial(self._fall_silent, random.choice((0.2, 1.5, 3))))
        if self.scenario.regime.late_copies:
            self._plan_late_incidents()

    def _plan_late_incidents(self) -> None:
        if self.fault_plan.strikes("ttl deletion"):
            for day in range(CLAIM_DAYS, CLAIM_DAYS + 50, 2):
                self.timeline.at(START_MS + day * DAY_S * 1000, self._delete_expired)
        if self.fault_plan.strikes("message sent again"):
            # Sent at some time in the first days, copied by somebody, sent again weeks later.
            day = self.random.choice((HORIZON_DAYS - 5, CLAIM_DAYS + 3, CLAIM_DAYS + 20))
            self.timeline.after(2 * HOUR_S, lambda: self._copy_messages(day))

    def _copy_messages(self, day: int) -> None:
        for name in ("batches", "writes"):
            for body in self.queues[name].seen[:3]:
                self.timeline.at(
                    START_MS + day * DAY_S * 1000,
                    lambda n=name, b=body: self.queues[n].send(workload.by_hand(b)),  # type: ignore[misc]
                )

    def _at_some_time(self, action: Callable[[], None]) -> None:
        self.timeline.after(
            self.random.random() ** 2 * min(self.scenario.faults_s, 6 * HOUR_S), action
        )

    def _pause(self, mapping: EventSourceMapping, hours: float) -> None:
        """In time for the oldest message: what SQS drops before anybody reads it, nobody saves."""
        wanted_ms = self.timeline.now_ms + int(hours * HOUR_S * 1000)
        mapping.pause(min(wanted_ms, START_MS + PAUSE_END_H * HOUR_S * 1000))

    def _redrive(self, queue: str, most: int) -> None:
        self.queues[f"{queue}-dead"].redrive(self.queues[queue], most)

    def _fall_silent(self, hours: float) -> None:
        self.server.silent_until_ms = self.timeline.now_ms + int(hours * HOUR_S * 1000)

    def _delete_expired(self) -> None:
        for key in self.table.expired(self.timeline.now_ms // 1000):
            if self.random.random() < 0.5:
                self.table.remove(key)

    # --- what Genesys does of its own accord

    def _state_of(self, correlation_id: str) -> str:
        item = self.table.items.get(record_key(correlation_id))
        return "none" if item is None else str(item["state"])

    def _cause(self, correlation_id: str) -> None:
        fault_plan = self.fault_plan
        if fault_plan.strikes("echo lost"):
            return
        delay_s = 0.5 + fault_plan.fraction() * 5
        if fault_plan.strikes("echo before answer"):
            delay_s = 0.0
        elif fault_plan.strikes("echo late"):
            delay_s = fault_plan.fraction() * 2 * HOUR_S
        times = 2 if fault_plan.strikes("echo repeated") else 1
        for number in range(times):
            self.timeline.after(
                delay_s + number * fault_plan.fraction() * 600, lambda: self._echo(correlation_id)
            )

    def _echo(self, correlation_id: str) -> None:
        self.bus.put(workload.echo(correlation_id, self.timeline.now_ms, self.random))

    # --- the reconciler's schedule

    def _expect_dead_letter(self, visible_at_ms: int) -> None:
        """A run that finds every dead-letter queue empty does nothing, so only those that will
        find something take place."""
        if not self._reconciliation_is_due:
            self._reconciliation_is_due = True
            every_ms = RECONCILE_EVERY_S * 1000
            self.timeline.at((visible_at_ms // every_ms + 1) * every_ms, self._reconcile)

    def _reconcile(self) -> None:
        self._reconciliation_is_due = False
        if "reconcile" not in self.pools:
            self._redrive_by_hand()
            return
        self.pools["reconcile"].invoke([], self._reconciled)
        if self.fault_plan.strikes("reconcile twice"):
            self.pools["reconcile"].invoke([], self._reconciled)

    def _redrive_by_hand(self) -> None:
        """A design without a reconciler has an engineer, whose patience is limited."""
        self._redriven_by_hand += 1
        if self._redriven_by_hand <= REDRIVES_BY_HAND:
            for queue in self.mappings:
                self._redrive(queue, 1_000)

    def _reconciled(self, ending: Ending) -> None:
        if any(self.queues[f"{name}-dead"].messages for name in self.mappings):
            self._expect_dead_letter(self.timeline.now_ms)
        self._look_for_overdue()

    def _record_changed(self, old: Item | None, new: Item | None) -> None:
        self.probes.transition(old, new)
        if new is not None and new["pk"].startswith("L#"):
            self.shared_writes += 1
        if new is not None and "reposts" in new:
            self.reposts[new["pk"]] = int(new["reposts"])
        if new is not None and "parent" in new:
            self.parents[new["pk"]] = str(new["parent"])
        if new is not None and new.get("attention") == OVERDUE:
            self._expect_overdue(int(new["due_at"]))

    def _expect_overdue(self, due_at_s: int) -> None:
        """As for dead letters: only runs that will find an overdue record take place."""
        due_ms = (due_at_s + 1) * 1000
        if "reconcile" in self.pools and due_ms < self._next_look_ms:
            self._next_look_ms = due_ms
            self.timeline.at(due_ms, self._look_for_overdue)

    def _look_for_overdue(self) -> None:
        self._next_look_ms = _NEVER_MS
        due_s = [
            int(item["due_at"])
            for item in self.table.items.values()
            if item.get("attention") == OVERDUE
        ]
        if any(due <= self.timeline.now_ms // 1000 for due in due_s):
            self._expect_dead_letter(self.timeline.now_ms)
        elif due_s:
            self._expect_overdue(min(due_s))

    # --- making

    def _queues(self) -> dict[str, StoredQueue]:
        queues: dict[str, StoredQueue] = {}
        for name in QUEUES:
            dead = StoredQueue(
                f"{name}-dead",
                self.timeline,
                self.random,
                visibility_s=DEAD_VISIBILITY_S,
                retention_s=DEAD_RETENTION_S,
            )
            dead.on_visible = self._expect_dead_letter
            queues[f"{name}-dead"] = dead
            queues[name] = StoredQueue(
                name,
                self.timeline,
                self.random,
                visibility_s=self.scenario.timing.visibility_s[name],
                retention_s=SOURCE_RETENTION_S,
                receives_max=self.scenario.receives_max[name],
                dead=dead,
            )
        return queues

    def _pool(self, verb: str, make: Callable[[Instance], Function]) -> Pool:
        return Pool(
            verb=verb,
            timeout_s=self.scenario.timing.function_timeout_s[verb],
            make=make,
            neighbours=self.neighbours,
            scheduler=self.scheduler,
            fault_plan=self.fault_plan,
            random=self.random,
        )

    def _mapping(self, queue: str, verb: str) -> EventSourceMapping:
        own = {"events": self.scenario.intake_most, "writes": self.scenario.write_most}
        return EventSourceMapping(
            self.queues[queue],
            self.pools[verb],
            most=own.get(queue, MESSAGES_PER_INVOCATION[queue]),
            regroups=self.scenario.regroups,
            concurrency=self.scenario.concurrency,
            timeline=self.timeline,
            fault_plan=self.fault_plan,
            random=self.random,
        )

    def _history(self, *, at_rest: bool) -> History:
        return History(
            facts=self.facts,
            answers=self.answers,
            calls=self.server.calls,
            effects=self.server.effects,
            queued={name: list(q.messages.values()) for name, q in self.queues.items()},
            dropped=[message for q in self.queues.values() for message in q.dropped],
            dead_lettered={name: self.queues[f"{name}-dead"].taken for name in QUEUES},
            documents=self.documents,
            items=self.table.items,
            reposts=self.reposts,
            parents=self.parents,
            unsound=self.probes.unsound,
            errors=[
                f"{verb} raised {type(error).__name__}: {error}"
                for verb, pool in self.pools.items()
                for error in pool.errors
                # The reconciler may give up a run: the next one comes in 15 minutes.
                if verb != "reconcile" or not isinstance(error, Transient)
            ]
            + self.probes.unexpected,
            at_rest=at_rest,
        )
