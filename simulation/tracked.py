"""Tracked requests in the simulation: events that come, or do not, in any order and any number.

The world of `world.py`, with a destination whose requests each start a short conversation:
`conversation:created`, `routing:assigned`, `conversation:ended`, with sequence numbers. Each event
can be lost, late or duplicated, or overtake the others or even the answer. In some runs events
carry our correlation id, in some not, and some carry it but name another conversation. And Genesys
can accept a request and do nothing. In a few runs each repetition starts a conversation of its own,
and the destination has all but the first cancelled. tracked_checker.py says what all this requires.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from lambdas.relay.destinations.correlation import Compensation, Confirmation
from lambdas.relay.destinations.destination import KeyPolicy
from lambdas.relay.destinations.truth import Comparison, Truth, one_of_its_kind
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route
from simulation import deploys, workload
from simulation.endless import NEVER
from simulation.fault_plan import Kind
from simulation.functions import FUNCTIONS, Function, Instance
from simulation.memory.genesys import ITEM_PATH, Conduct, GenesysServer, Request
from simulation.regimes import Regime
from simulation.scenario import Scenario, draw, spared
from simulation.senders import KEYS
from simulation.trace import Trace
from simulation.world import World
from simulation.world_paths import PATH

CREATED, ASSIGNED, ENDED = "conversation:created", "routing:assigned", "conversation:ended"
WINDOW_S = 30
#: the longest delay of an event that is not late, in seconds
DELAYS: Mapping[str, float] = {CREATED: 5, ASSIGNED: 20, ENDED: 40}
LATE_MAX_S = 2 * HOUR_S
#: slow answers, and how slow at most: just within the client's timeout
SLOW_SHARE = 0.15
SLOW_MAX_S = 8
#: prefixes of the markers of what others publish and do
OTHERS = ("forged-", "stranger-")
#: the longest time between another application's event and our request
SHARED_WITHIN_S = 60
#: the share of runs in which duplicates are cancelled, among those in which they are recognised
CANCELS_SHARE = 0.5
#: ends a conversation
ENDING_PATH = "/api/v2/simulated/conversations/"
#: faults after which it is known whether a request took effect
CERTAIN: frozenset[Kind] = frozenset(
    {
        "not sent", "429 short", "429 hours", "token revoked", "forbidden", "path gone",
        "foreign refusal", "bus delivered twice", "bus late", "delivered twice", "delete lost",
        "receive short", "echo lost", "echo repeated", "echo before answer", "send repeated",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tracks:
    """What a seed draws for tracking, in addition to its scenario."""

    #: what identifies an event: the correlation id, or the conversation's, which is either ours or
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
    #: the share of requests for which a forged event appears on the relay's own bus
    forged: float = 0.0
    #: the share of requests for which another application does the same at that moment; then every
    #: attempt fails or succeeds for certain, and one event of a type is ours
    shared: float = 0.0
    #: a repetition starts a conversation of its own, and all but the first are cancelled
    cancels: bool = False

    @property
    def confirmation(self) -> Confirmation:
        return Confirmation(
            match="correlation" if self.key == "correlation" else "conversation",
            topics=(CREATED,),
            window_s=WINDOW_S,
            follows=() if self.shared else (ASSIGNED, ENDED),
            owned=not self.shared,
            completed_by=(ENDED,) if self.until_end else (),
            key="answer" if self.key == "answered" else "id",
            names="conversation",
            truth=Truth(
                ITEM_PATH + "{key}", _compare, one_of_its_kind if self.cancels else _copies
            ),
            cancel=Compensation("DELETE", ENDING_PATH + "{key}", {}) if self.cancels else None,
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
    tracks = _with_others(tracks, seed)
    regime = Regime(
        "tracked by events",
        KeyPolicy(honoured_s=3_650 * 86_400, checked_first=True) if honoured else KeyPolicy(),
        random.choice(("repost", "manual")),
        Conduct("honoured" if honoured else "ignored"),
        "never" if honoured else "listed",
        parks_doubt=True,
        confirmed_within_s=WINDOW_S,
    )
    drawn = spared(draw(seed))
    conduct = replace(regime.conduct, token_life_s=drawn.conduct.token_life_s, refuses="item")
    most = 1 if key != "ours" else random.choice((1, 1, 4))
    scenario = replace(drawn, regime=regime, conduct=conduct, most_items=most, events=20)
    scenario = replace(scenario, told=0, states=0, sessions=0, two_routes=False, ending=NEVER)
    scenario = replace(scenario, deploy=deploys.drawn(seed, deploys.TRACKED))
    if tracks.shared:
        scenario = certain(replace(scenario, deploy="none"))
    is_doubled = tracks.key == "answered" and tracks.correlates and not honoured
    cancels = is_doubled and Random(f"cancels {seed}").random() < CANCELS_SHARE
    return scenario, replace(tracks, cancels=cancels)


def _with_others(tracks: Tracks, seed: int) -> Tracks:
    """Only few runs, with their own randomness, so that older seeds stay unchanged."""
    random = Random(f"others {seed}")
    if tracks.key == "ours" and not tracks.correlates and random.random() < 0.5:
        return replace(tracks, shared=0.5, until_end=False, forgotten=0.0, contradicted=0.0)
    return replace(tracks, forged=random.choice((0.0, 0.0, 0.3)))


def certain(scenario: Scenario) -> Scenario:
    """Without faults that leave an outcome unknown."""
    rates = {kind: rate for kind, rate in scenario.rates.items() if kind in CERTAIN}
    return replace(scenario, rates=rates)


@dataclass(frozen=True, slots=True)
class Played:
    """An event that a request caused; `lost` ones were never published."""

    batch_id: str
    item_id: str
    topic: str
    lost: bool
    contradicts: bool = False
    #: which of those that the item has started
    conversation: str = ""


@dataclass(slots=True)
class TrackedServer(GenesysServer):
    """Genesys, with events after the answer."""

    #: called with each request that arrives
    arrived: Callable[[Request], None] = lambda request: None
    #: called with the correlation id, the conversation and the marker of each item that took effect
    begin: Callable[[str, str, str], None] = lambda correlation_id, conversation, marker: None
    forgets: Callable[[], bool] = lambda: False
    #: the answer takes a while, and the event may overtake it
    linger: Callable[[], None] = lambda: None
    answers_id: bool = False
    #: a repetition makes a conversation of its own, rather than one of the same id
    makes_another: bool = False
    #: conversations that were ended
    ended: set[str] = field(default_factory=set)
    #: accepted but never carried out, by correlation id
    forgotten: list[str] = field(default_factory=list)

    def arrive(self, request: Request) -> None:
        GenesysServer.arrive(self, request)
        self.arrived(request)

    def carry_out(self, request: Request, retryable_index: int | None) -> Answer:
        if request.path.startswith(ENDING_PATH):
            self.ended.add(request.path.removeprefix(ENDING_PATH))
            return Answer(204, {}, b"")
        items = json.loads(request.body)["entities"]
        conduct = self.conducts[request.path]
        is_new = self._remembered(request.key, conduct) is None
        if is_new and not any(map(self.refuses, items)) and self.forgets():
            self.forgotten.append(request.correlation_id)
            return self._accepted(items[0]["id"])
        before = len(self.effects)
        # Named, because a dataclass with slots is not the class that super() knows.
        answer = GenesysServer.carry_out(
            self, request, None if conduct.takes_whole else retryable_index
        )
        for effect in self.effects[before:]:
            marker = str(effect.item.get("marker"))
            self.begin(request.correlation_id, self._conversation(effect.item["id"]), marker)
        self.linger()
        if answer.status == 200 and (self.answers_id or len(items) == 1):
            document = {**json.loads(answer.body), "id": self._conversation(items[0]["id"])}
            return replace(answer, body=json.dumps(document).encode())
        return answer

    def read_back(self, item_id: str) -> Answer:
        return GenesysServer.read_back(self, item_of(item_id))

    def _conversation(self, item_id: str) -> str:
        """The id of the last conversation that an item has started."""
        number = len(self._by_id.get(item_id, ()))
        return f"{item_id}.{number}" if self.makes_another and number > 1 else item_id

    def _accepted(self, item_id: str) -> Answer:
        return Answer(200, {}, json.dumps({"id": item_id, "unprocessedEntities": []}).encode())


def item_of(conversation: str) -> str:
    """The id of the item that started a conversation."""
    return conversation.partition(".")[0]


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
        #: markers of the same effect by other applications, by item
        self.strangers: dict[str, list[str]] = {}
        self.others = Random(f"what others do {scenario.seed}")
        #: its own randomness: the base world's draws stay unchanged
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
            arrived=self._others_act,
            begin=self._begin,
            forgets=lambda: not self.is_calm and self.fates.random() < self.tracks.forgotten,
            linger=self._linger,
            answers_id=self.tracks.key == "answered",
            makes_another=self.tracks.cancels,
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

    def _others_act(self, request: Request) -> None:
        """A forged event names this request, or another application does the same."""
        random, tracks = self.others, self.tracks
        if request.path.startswith(ENDING_PATH):
            return
        items = json.loads(request.body)["entities"]
        if str(items[0].get("marker")).startswith((*OTHERS, "echo-")):
            return
        if random.random() < tracks.forged:
            body = {"conversationId": items[0]["id"], "marker": f"forged-{random.random()}"}
            text = workload.envelope(random, self.timeline.now_ms, CREATED, body, request.key)
            text = json.dumps({**json.loads(text), "source": random.choice(tuple(KEYS))})
            self.timeline.after(random.random() * 5, lambda: self.bus.put(text))
        if random.random() < tracks.shared:
            item_id, delay_s = items[0]["id"], random.random() ** 3 * SHARED_WITHIN_S
            known = self.strangers.setdefault(item_id, [])
            marker = f"stranger-{item_id}-{len(known)}"
            known.append(marker)
            self.timeline.after(delay_s, lambda: self._do_the_same(item_id, marker))
        if tracks.shared:
            self._linger()  # and then may refuse

    def _do_the_same(self, item_id: str, marker: str) -> None:
        now_ms = self.timeline.now_ms
        body = {"conversationId": item_id, "marker": marker, "eventTime": now_ms}
        self.bus.put(workload.envelope(self.others, now_ms, CREATED, body, None))

    def _begin(self, correlation_id: str, conversation: str, marker: str) -> None:
        """Plays the conversation that a request has started."""
        item_id = item_of(conversation)
        if marker.startswith(("echo-", *OTHERS)):
            return  # a loop, or an unrelated event; one round is enough for the checker
        contradicts = self.tracks.correlates and self.fates.random() < self.tracks.contradicted
        for number, (topic, delay_max_s) in enumerate(DELAYS.items(), 1):
            lost = contradicts and topic == CREATED and self.fates.random() < 0.5
            self._play(correlation_id, conversation, topic, number, delay_max_s, lost=lost)
        if contradicts:
            self.played.append(Played(correlation_id, item_id, CREATED, False, True))
            body = {"conversationId": f"x-{item_id}", "marker": f"echo-x-{item_id}"}
            self._publish_after(20 + self.fates.random() * 60, CREATED, body, correlation_id)

    def _play(
        self,
        correlation_id: str,
        conversation: str,
        topic: str,
        number: int,
        delay_max_s: float,
        *,
        lost: bool,
    ) -> None:
        fault_plan, item_id = self.fault_plan, item_of(conversation)
        lost = fault_plan.strikes("echo lost") or lost
        self.played.append(Played(correlation_id, item_id, topic, lost, conversation=conversation))
        if lost:
            return
        delay_s = number / 10 + self.fates.random() * delay_max_s
        if fault_plan.strikes("echo before answer"):
            delay_s = 0.0
        elif fault_plan.strikes("echo late"):
            delay_s = self.fates.random() * LATE_MAX_S
        times = 2 if fault_plan.strikes("echo repeated") else 1
        body = {
            "conversationId": conversation,
            "marker": f"echo-{item_id}",
            "sequenceNumber": number,
        }
        if self.tracks.shared:
            body["eventTime"] = self.timeline.now_ms
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
