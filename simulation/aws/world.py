"""A world whose functions reach AWS through their real adapters, wired as a template says."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from lambdas.relay.kernel.limits import LIVE, MESSAGES_PER_INVOCATION, QUEUES
from simulation.aws.instances import Aws, WiredInstance, as_lambda_does, sleeping_in
from simulation.aws.wiring import Wiring, by_the_limits
from simulation.checker import check
from simulation.functions import FUNCTIONS, Function, Instance, Neighbours
from simulation.history import History
from simulation.mappings import Pool
from simulation.memory.queues import StoredQueue
from simulation.scenario import Scenario, draw
from simulation.trace import Trace
from simulation.trial import Trial, trial_of
from simulation.world import World

#: every fifth read of several items leaves some of them unprocessed
UNPROCESSED = 0.2
EVENTS = 20


def draw_wired(seed: int) -> Scenario:
    """The scenario of a seed, except the queues, limits and durations that the template sets."""
    drawn = draw(seed)
    return replace(
        drawn,
        rates={**drawn.rates, "keys unprocessed": UNPROCESSED},
        events=EVENTS,
        told=0,
        states=0,
        receives_max=by_the_limits().receives_max,
        timing=LIVE,
        deploy="none",
        is_personal=seed % 2 == 0,
    )


class WiredWorld(World):
    def __init__(
        self, scenario: Scenario, wiring: Wiring | None = None, *, trace: Trace | None = None
    ) -> None:
        self.wiring = wiring or by_the_limits()
        self._aws: Aws | None = None
        known = {verb: make for verb, make in FUNCTIONS.items() if verb in self.wiring.variables}
        wired = {verb: partial(_wired, make) for verb, make in known.items()}
        super().__init__(scenario, trace=trace, functions=wired)

    def run(self) -> History:
        with sleeping_in(self.scheduler):
            return super().run()

    def _instance(self, verb: str, neighbours: Neighbours, skew_ms: int) -> Instance:
        if self._aws is None:
            self._aws = Aws(neighbours, self.wiring)
        return WiredInstance(verb, neighbours, skew_ms, self._aws, self.wiring)

    def _pool(self, verb: str, make: Callable[[Instance], Function]) -> Pool:
        pool = super()._pool(verb, make)
        pool.instances = self._instance
        pool.timeout_s = self.wiring.timeouts_s[verb]
        return pool

    def _queues(self) -> dict[str, StoredQueue]:
        """As the template configures each queue."""
        w, queues = self.wiring, dict[str, StoredQueue]()
        for name in QUEUES:
            both = (f"{name}-dead", name)
            for each in both:
                queues[each] = StoredQueue(
                    each,
                    self.timeline,
                    self.random,
                    visibility_s=w.visibility_s[each],
                    retention_s=w.retention_s[each],
                    receives_max=w.receives_max.get(each),
                    dead=queues.get(f"{each}-dead"),
                )
        return queues

    def _most(self, queue: str) -> int:
        own: Mapping[str, int] = {"events": self.scenario.intake_most}
        return min(own.get(queue, MESSAGES_PER_INVOCATION[queue]), self.wiring.batch_size[queue])


def _wired(make: Callable[[Instance], Function], instance: Instance) -> Function:
    function = make(instance)
    return function if make in _BARE else as_lambda_does(function, instance)


#: functions that no queue invokes
_BARE = (FUNCTIONS["reconcile"], FUNCTIONS["webhook"])


def run_wired(scenario: Scenario, wiring: Wiring | None = None) -> Trial:
    world = WiredWorld(scenario, wiring)
    return trial_of(check(world.run(), scenario.regime), world)
