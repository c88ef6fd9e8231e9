"""Tracked requests in the simulation: events that come, or do not, in any order and any number.

The world of `world.py`, with a destination whose requests each begin a little conversation:
`conversation:created`, `routing:assigned`, `conversation:ended`, with sequence numbers. Each event
can get lost, come late, come twice, overtake the others or even the answer; some runs' events
carry our correlation id, some do not; some bear it and name another conversation. And Genesys can
accept a request and do nothing. What all this demands tracked_checker.py says.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import KeyPolicy
from lambdas.relay.destinations.truth import Comparison, Truth
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route
from simulation import deploys, workload
from simulation.endless import NEVER
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.memory.genesys import ITEM_PATH, Conduct, GenesysServer, Request
from simulation.regimes import Regime
from simulation.scenario import Scenario, draw
from simulation.trace import Trace
from simulation.world import World
from simulation.world_paths import PATH

CREATED, ASSIGNED, ENDED = "conversation:created", "routing:assigned", "conversation:ended"
WINDOW_S = 30
#: the longest delay of an event that is not late, in seconds
DELAYS: Mapping[str, float] = {CREATED: 5, ASSIGNED: 20, ENDED: 40}
LATE_MAX_S = 2 * HOUR_S
#: answers that take long, and how long at most: just less than the client's patience
SLOW_SHARE = 0.15
SLOW_MAX_S = 8


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a seed draws for tracking, beside its scenario."""

    #: by what an event is known: the correlation id, or the conversation's, which either is ours or
    #: comes with the answer
    key: Literal["correlation", "ours", "answered"]
    #: events carry our correlation id
    correlates: bool
    #: the record is complete when its conversation has ended, not when it has begun
    until_end: bool
    #: a route takes the event that a request causes, so that only the loop guard stops it
    is_routed: bool
    #: shares of the requests
    forgotten: float
    contradicted: float

    @property
    def confirmation(self) -> Confirmation:
        return Confirmation(
            match="correlation" if self.key == "correlation" else "conversation",
            topics=(CREATED,),
            window_s=WINDOW_S,
            follows=(ASSIGNED, ENDED),
            completed_by=(ENDED,) if self.until_end else (),
            key="answer" if self.key == "answered" else "id",
            names="conversation",
            truth=Truth(ITEM_PATH + "{key}", _compare, _copies),
        )


def _compare(document: Json, expected: Mapping[str, Json]) -> Comparison:
    return "agrees" if document["entities"] else "absent"


def _copies(document: Json) -> list[str]:
    return [f"{item['id']}/{n}" for n, item in enumerate(document["entities"])]


def draw_tracked(seed: int) -> tuple[Scenario, Tracks]:
    random = Random(f"tracked {seed}")
    key: Literal["correlation", "ours", "answered"] = random.choice(
        ("correlation", "ours", "answered")
    )
    tracks = Tracks(
        key=key,
        correlates=key == "correlation" or random.random() < 0.4,
        until_end=random.random() < 0.5,
        is_routed=random.random() < 0.5,
        forgotten=random.choice((0.0, 0.1, 0.3)),
        contradicted=random.choice((0.0, 0.0, 0.2)),
    )
    honoured = random.random() < 0.5
    regime = Regime(
        "tracked by events",
        KeyPolicy(honoured_s=3_650 * 86_400, checked_first=True) if honoured else KeyPolicy(),
        random.choice(("repost", "manual")),
        Conduct("honoured" if honoured else "ignored"),
        "never" if honoured else "listed",
        parks_doubt=True,
        confirmed_within_s=WINDOW_S,
    )
    drawn = draw(seed)
    conduct = replace(regime.conduct, token_life_s=drawn.conduct.token_life_s, refuses="item")
    most = 1 if key != "ours" else random.choice((1, 1, 4))
    scenario = replace(drawn, regime=regime, conduct=conduct, most_items=most, events=20)
    scenario = replace(scenario, told=0, states=0, two_routes=False, ending=NEVER)
    scenario = replace(scenario, deploy=deploys.drawn(seed, deploys.TRACKED))
    return scenario, tracks


@dataclass(frozen=True, slots=True)
class Played:
    """An event that a request caused; `lost` ones were never published."""

    batch_id: str
    item_id: str
    topic: str
    lost: bool
    contradicts: bool = False


@dataclass(slots=True)
class TrackedServer(GenesysServer):
    """Genesys with a life after the answer."""

    #: called with the correlation id, the id and the marker of each item that took effect
    begin: Callable[[str, str, str], None] = lambda correlation_id, item_id, marker: None
    forgets: Callable[[], bool] = lambda: False
    #: the answer is under way for a while, and the event may overtake it
    linger: Callable[[], None] = lambda: None
    answers_id: bool = False
    #: accepted and never carried out, by correlation id
    forgotten: list[str] = field(default_factory=list)

    def carry_out(self, request: Request, retryable_index: int | None) -> Answer:
        items = json.loads(request.body)["entities"]
        conduct = self.conducts[request.path]
        is_new = self._remembered(request.key, conduct) is None
        if is_new and not any(item.get("poison") for item in items) and self.forgets():
            self.forgotten.append(request.correlation_id)
            return self._accepted(items[0]["id"])
        before = len(self.effects)
        # Named, for a dataclass with slots is another class than the one that super() knows.
        answer = GenesysServer.carry_out(
            self, request, None if conduct.takes_whole else retryable_index
        )
        for effect in self.effects[before:]:
            marker = str(effect.item.get("marker"))
            self.begin(request.correlation_id, str(effect.item["id"]), marker)
        self.linger()
        if answer.status == 200 and (self.answers_id or len(items) == 1):
            document = {**json.loads(answer.body), "id": items[0]["id"]}
            return replace(answer, body=json.dumps(document).encode())
        return answer

    def _accepted(self, item_id: str) -> Answer:
        return Answer(200, {}, json.dumps({"id": item_id, "unprocessedEntities": []}).encode())


class TrackedWorld(World):
    """One run."""

    def __init__(
        self,
        scenario: Scenario,
        tracks: Tracks,
        *,
        trace: Trace | None = None,
        functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS,
    ) -> None:
        self.tracks = tracks
        self.played: list[Played] = []
        #: chance of its own: the base world's draws stay as they are
        self.fates = Random(f"fates {scenario.seed}")
        self.is_calm = False
        super().__init__(scenario, trace=trace, functions=functions)
        self.timeline.after(scenario.faults_s, self._calm_down)

    def _calm_down(self) -> None:
        self.is_calm = True

    def make_server(self) -> GenesysServer:
        self.tracked_server = TrackedServer(
            timeline=self.timeline,
            secret=self.secret,
            conducts={PATH: self.scenario.conduct},
            state_of=self._state_of,
            begin=self._begin,
            forgets=lambda: not self.is_calm and self.fates.random() < self.tracks.forgotten,
            linger=self._linger,
            answers_id=self.tracks.key == "answered",
        )
        return self.tracked_server

    def _linger(self) -> None:
        if not self.is_calm and self.scheduler.is_busy and self.fates.random() < SLOW_SHARE:
            self.scheduler.wait("http.slow", 1 + self.fates.random() * SLOW_MAX_S)

    def configure(self) -> Configuration:
        base = super().configure()
        destination = replace(base.destinations["simulated"], confirmation=self.tracks.confirmation)
        route = base.routes[0]
        topics = (*route.topics, CREATED) if self.tracks.is_routed else route.topics
        routes = (Route(route.name, destination, topics, route.item, when=route.when),)
        return replace(base, destinations={"simulated": destination}, routes=routes)

    def _begin(self, correlation_id: str, item_id: str, marker: str) -> None:
        """The conversation that a request has made lives its life."""
        if marker.startswith("echo-"):
            return  # a loop; one round of it is enough for the checker
        contradicts = self.tracks.correlates and self.fates.random() < self.tracks.contradicted
        for number, (topic, delay_max_s) in enumerate(DELAYS.items(), 1):
            lost = contradicts and topic == CREATED and self.fates.random() < 0.5
            self._play(correlation_id, item_id, topic, number, delay_max_s, lost=lost)
        if contradicts:
            self.played.append(Played(correlation_id, item_id, CREATED, False, True))
            body = {"conversationId": f"x-{item_id}", "marker": f"echo-x-{item_id}"}
            self._publish_after(20 + self.fates.random() * 60, CREATED, body, correlation_id)

    def _play(
        self,
        correlation_id: str,
        item_id: str,
        topic: str,
        number: int,
        delay_max_s: float,
        *,
        lost: bool,
    ) -> None:
        fault_plan = self.fault_plan
        lost = fault_plan.strikes("echo lost") or lost
        self.played.append(Played(correlation_id, item_id, topic, lost))
        if lost:
            return
        delay_s = number / 10 + self.fates.random() * delay_max_s
        if fault_plan.strikes("echo before answer"):
            delay_s = 0.0
        elif fault_plan.strikes("echo late"):
            delay_s = self.fates.random() * LATE_MAX_S
        times = 2 if fault_plan.strikes("echo repeated") else 1
        body = {
            "conversationId": item_id,
            "marker": f"echo-{item_id}",
            "sequenceNumber": number,
        }
        known = correlation_id if self.tracks.correlates else None
        for copy in range(times):
            self._publish_after(delay_s + copy * self.fates.random() * 600, topic, body, known)

    def _publish_after(
        self, delay_s: float, topic: str, body: Mapping[str, Any], correlation_id: str | None
    ) -> None:
        def put() -> None:
            now_ms = self.timeline.now_ms
            text = workload.envelope(self.fates, now_ms, topic, body, correlation_id)
            self.bus.put(text)

        self.timeline.after(delay_s, put)
