"""Tracked requests in the simulation: events that come, or do not, in any order and any number.

The world of `world.py`, with a destination whose requests each begin a little conversation:
`conversation:created`, `routing:assigned`, `conversation:ended`, with sequence numbers. Each event
can get lost, come late, come twice, overtake the others or even the answer; some runs' events
carry our correlation id, some do not; some bear it and name another conversation. And Genesys can
accept a request and do nothing. The record must come to the one state that all this demands.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Literal

from lambdas.relay.canonical import Json
from lambdas.relay.destinations.correlation import Comparison, Confirmation, Truth
from lambdas.relay.destinations.destination import KeyPolicy
from lambdas.relay.limits import HOUR_S, RESENDS_MAX
from lambdas.relay.ports import Answer
from lambdas.relay.routes.configuration import Configuration, Route
from local.memory.genesys import ITEM_PATH, Conduct, GenesysServer, Request
from local.simulation import workload
from local.simulation.checker import Account, check
from local.simulation.functions import FUNCTIONS, Function, Instance
from local.simulation.regimes import Regime
from local.simulation.scenario import Scenario, draw
from local.simulation.trace import Trace
from local.simulation.world import History, World
from local.simulation.world_paths import PATH

WRITTEN_BACK = "an event that a request caused was written back"
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
    scenario = replace(drawn, regime=regime, conduct=conduct, most_items=most, events=20, told=0)
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
        if answer.status == 200 and self.answers_id:
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
        return Configuration(
            {"simulated": destination}, (Route(route.name, destination, topics, route.item),)
        )

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
        weather = self.weather
        lost = weather.strikes("echo lost") or lost
        self.played.append(Played(correlation_id, item_id, topic, lost))
        if lost:
            return
        delay_s = number / 10 + self.fates.random() * delay_max_s
        if weather.strikes("echo before answer"):
            delay_s = 0.0
        elif weather.strikes("echo late"):
            delay_s = self.fates.random() * LATE_MAX_S
        times = 2 if weather.strikes("echo repeated") else 1
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


def check_tracked(history: History, world: TrackedWorld) -> Account:
    """The account of the events, and the verdict on every tracked record. Reads the world's own
    notes and what the run left, nothing of the code that it checks."""
    account = check(history, world.scenario.regime)
    # Who may be given to a person, and why, is judged here.
    account.violations = [v for v in account.violations if not v.endswith(WRITTEN_BACK)]
    account.violations = [v for v in account.violations if "was given to a person" not in v]
    account.violations += _written_back(history, world)
    quarantined = " ".join(t for n, t in history.documents.items() if n.startswith("quarantine/"))
    effects: dict[str, list[str]] = {}
    for effect in history.effects:
        effects.setdefault(effect.key, []).append(str(effect.item["id"]))
    ids = {
        call.key: [str(item["id"]) for item in json.loads(call.body)["entities"]]
        for call in history.calls
    }
    for (pk, sk), item in sorted(history.items.items()):
        if sk == "R" and item["attempt"] > 0:
            batch_id = pk.removeprefix("R#")
            line = list(_line(batch_id, history.parents))
            own = next((ids[each] for each in line if each in ids), [])
            found = Found(
                item=item,
                ids=own,
                effects=effects.get(batch_id, []),
                all_effects=[e for each in effects.values() for e in each],
                played=_played(world, line, own),
                forgotten=world.tracked_server.forgotten.count(batch_id),
                quarantined=quarantined,
            )
            account.violations += [f"{pk}: {said}" for said in _judge(found, world.tracks)]
    return account


def _line(batch_id: str, parents: Mapping[str, str]) -> Iterator[str]:
    """A request and those that it was split from, the nearest first."""
    while batch_id:
        yield batch_id
        batch_id = parents.get(f"R#{batch_id}", "")


def _played(world: TrackedWorld, line: list[str], ids: list[str]) -> list[Played]:
    """The events that tell of a request: its own, those of what it was split from that fit it too,
    and all under its key, where nothing else says whose they are."""
    shared = not world.tracks.correlates

    def tells(played: Played) -> bool:
        fits = played.item_id in ids and not played.contradicts
        return played.batch_id == line[0] or (fits and (shared or played.batch_id in line))

    return [played for played in world.played if tells(played)]


def _written_back(history: History, world: TrackedWorld) -> Iterator[str]:
    """Events that requests caused, among what took effect."""
    caused: dict[str, set[str]] = {}
    for played in world.played:
        caused.setdefault(f"echo-{played.item_id}", set()).add(played.batch_id)
    for effect in history.effects:
        records = [
            history.items.get((f"R#{batch_id}", "R"), {"attempt": 0})
            for batch_id in caused.get(str(effect.item.get("marker")), ())
        ]
        if records and not any(is_unknowable(item, world.tracks) for item in records):
            yield WRITTEN_BACK


def is_unknowable(item: Mapping[str, Any], tracks: Tracks) -> bool:
    """Only the answer says what the request has made, and an answer got lost: then no event that
    bears nothing of ours can be told from any other (docs/decisions/0008)."""
    # This world answers with the item's id, so a part gets the one that its whole had been given.
    is_repeated = item["attempt"] > 1 or "parent" in item
    return tracks.key == "answered" and not tracks.correlates and is_repeated


@dataclass(frozen=True, slots=True)
class Found:
    """Everything about one request."""

    item: Mapping[str, Any]
    ids: list[str]
    #: ids of the items that took effect under it, and under any request
    effects: list[str]
    all_effects: list[str]
    played: list[Played]
    forgotten: int
    quarantined: str

    def was_heard(self, topic: str) -> bool:
        """Whether an event of this topic reached the relay and was not set aside."""
        return any(
            p.topic == topic and not p.lost and not p.contradicts and not self.is_set_aside(p)
            for p in self.played
        )

    def is_set_aside(self, played: Played) -> bool:
        return f'"{played.item_id}' in self.quarantined

    @property
    def is_contradicted(self) -> bool:
        return any(p.contradicts for p in self.played)

    @property
    def is_contradiction_set_aside(self) -> bool:
        """A person has the event itself, which named another conversation."""
        return any(p.contradicts and f"x-{p.item_id}" in self.quarantined for p in self.played)

    def knows_its_conversation(self, tracks: Tracks) -> bool:
        """By a key of our own, by the answer, or by an event of the conversation that it made.
        Without any of these, what contradicts it looks like the first word about it."""
        is_heard = any(not p.lost and not p.contradicts for p in self.played)
        return tracks.key != "answered" or bool(self.item.get("genesys_id")) or is_heard

    @property
    def has_happened(self) -> bool:
        """Under whichever request: a part repeats what its whole may have brought about."""
        return any(each in self.all_effects for each in self.ids)

    @property
    def is_doubled(self) -> bool:
        return any(self.all_effects.count(each) > 1 for each in self.ids)


def _judge(found: Found, tracks: Tracks) -> Iterator[str]:
    item, state = found.item, found.item["state"]
    if is_unknowable(item, tracks):
        return
    if len(item.get("held", ())) > 20:
        yield f"{len(item['held'])} events are held"
    match state:
        case "CONFIRMED":
            yield from _judge_confirmed(found, tracks)
        case "RECONCILED":
            if not found.has_happened and "resolved_by" not in item:
                yield "is reconciled and never happened"
            if not tracks.until_end and found.was_heard(CREATED) and not found.is_doubled:
                yield "its event came, and it is reconciled as if it had not"
        case "MANUAL_REVIEW":
            yield from _judge_reviewed(found, str(item.get("reason", "")), tracks)
        case "DONE":
            yield "is done without confirmation"
        case _:
            pass
    told = item.get("contradictions") or item.get("duplicates") or found.is_contradiction_set_aside
    can_tell = found.is_contradicted and found.knows_its_conversation(tracks)
    if can_tell and state in ("CONFIRMED", "RECONCILED") and not told:
        yield "was contradicted, and nobody is told"
    if found.forgotten > 0 and not found.has_happened and state not in ("MANUAL_REVIEW", "SPLIT"):
        yield f"was accepted, never happened, and is {state}"


def _judge_confirmed(found: Found, tracks: Tracks) -> Iterator[str]:
    genuine = {p.topic for p in found.played if not p.lost and not p.contradicts}
    if not found.knows_its_conversation(tracks):
        return
    if not genuine or (not tracks.until_end and CREATED not in genuine):
        yield "is confirmed by an event that was never published"
    seen = {name.partition("|")[2] for name in found.item.get("seen", {})}
    if tracks.until_end and not {CREATED, ASSIGNED, ENDED} <= seen:
        yield f"is complete, and its conversation has only seen {sorted(seen)}"
    if found.item.get("held"):
        yield "is confirmed while events are held"


def _judge_reviewed(found: Found, reason: str, tracks: Tracks) -> Iterator[str]:
    accepted = "accepted_at_ms" in found.item or found.forgotten > 0
    if reason.startswith("accepted") and "never happened" in reason:
        if found.forgotten <= RESENDS_MAX and "lost" not in found.quarantined:
            yield f"was given up after {found.forgotten} requests that never happened"
    elif "came and was held" in reason:
        if all(found.was_heard(topic) for topic in (CREATED, ASSIGNED)):
            yield f"waits for what has come: {reason}"
    elif reason.startswith("a duplicate slipped through"):
        if not found.is_doubled and not found.is_contradicted:
            yield "is said to be doubled and is not"
    elif reason.startswith("Genesys shows something else"):
        if not accepted:
            yield "is compared before it was accepted"
    elif found.item.get("held"):
        return
    elif found.was_heard(CREATED) and len(found.ids) == 1 and not tracks.until_end:
        yield f"its event came, and a person is asked: {reason}"


def run_tracked(
    seed: int, functions: Mapping[str, Callable[[Instance], Function]] = FUNCTIONS
) -> tuple[Account, TrackedWorld]:
    scenario, tracks = draw_tracked(seed)
    world = TrackedWorld(scenario, tracks, functions=functions)
    return check_tracked(world.run(), world), world
