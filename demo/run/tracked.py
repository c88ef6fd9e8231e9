"""`make run SCENARIO=tracked`: requests that Genesys answers with an event, or with silence.

Two destinations are tracked, each by a different key: calls whose conversation only the answer
names, and attributes of a conversation that already exists. The simulated Genesys Cloud decides the
fate of each request's event: on time, late, twice, before the answer, never although the request
took effect, or never because it did not. Caused events are put onto the partner bus, every second
one without our correlation id, since no document of Genesys promises it. The answer to a last
request is lost, so that only its event can tell.

At the end each request's record must be in the state that its fate requires, each must have taken
effect once, and no event that a request caused may have been written.
"""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from threading import Event, Thread
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from demo.day import SOURCE, telephone
from demo.run.lines import Line
from demo.run.publishing import publish
from demo.run.scenario import Act, Scenario, Verdict
from demo.run.stage import Stage
from lambdas.relay.kernel.reasons import Code
from ops.screen import plural
from simulator.caused import FATES

#: shorter than any real one, longer than the embedded pipeline needs: a run must not take minutes
WINDOW_S = 3
PUMP_EVERY_S = 0.2
#: an event that was not received (milliseconds)
NEVER_MS = 10**15
#: what a record's history contains once its window is over
WINDOW_OVER = str(Code.NO_EVENT())

GROUPS: Mapping[str, str] = {
    "calls": "conversations",
    "notes": "participant-attributes",
}
#: the group of the one request whose answer is lost
UNANSWERED = "calls"

CONFIGURATION = f"""
[destinations.calls]
kind = "conversations"
# The default leaves it to a person: a call rings somebody's telephone. Here nobody is rung.
unknown = "repost"
item = {{ phoneNumber = "'+493012345'", attributes = {{ relayId = "id" }} }}
confirmation = {{ window_s = {WINDOW_S} }}

[destinations.notes]
kind = "participant-attributes"
confirmation = {{ window_s = {WINDOW_S} }}

[[routes]]
name = "calls"
destination = "calls"
topics = ["v2.tracked.calls.{{id}}"]

[[routes]]
name = "notes"
destination = "notes"
topics = ["v2.tracked.notes.{{id}}"]
item = {{ attributes = {{ note = "identity" }} }}
"""

#: the required final state of a request's record
FINAL_STATES: Mapping[str, tuple[str, ...]] = {
    "on_time": ("CONFIRMED",),
    "late": ("CONFIRMED",),
    "twice": ("CONFIRMED",),
    "before_answer": ("CONFIRMED",),
    "never": ("RECONCILED",),
    "never_nor_effect": ("CONFIRMED",),
}


def lines(seed: int) -> list[Line]:
    """One event for each fate in each group, and one whose answer will be lost."""
    random = Random(seed)
    drawn = [_line(random, UNANSWERED, len(FATES))]
    drawn += [_line(random, group, n) for group in GROUPS for n in range(len(FATES))]
    return [replace(line, happening=number) for number, line in enumerate(drawn)]


def _line(random: Random, group: str, number: int) -> Line:
    conversation, participant, envelope = (
        str(uuid.UUID(int=random.getrandbits(128), version=4)) for _ in range(3)
    )
    topic = f"v2.tracked.{group}.{{id}}"
    document = {
        "version": "0",
        "id": envelope,
        "detail-type": topic,
        "source": SOURCE,
        "account": "111122223333",
        "time": "2026-01-08T13:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {
            "topicName": topic.replace("{id}", conversation),
            "version": "2",
            "timestamp": "2026-01-08T13:00:00.000Z",
            "metadata": {"CorrelationId": str(uuid.UUID(int=random.getrandbits(128), version=4))},
            "eventBody": {
                "number": number,
                "conversationId": conversation,
                "participantId": participant,
                "ani": f"tel:{telephone(random)}",
            },
        },
    }
    return Line(json.dumps(document), document)


@dataclass(slots=True)
class Partner:
    """Genesys' side of the partner bus: constantly publishes what requests have caused."""

    stage: Stage
    source: str
    stop: Event = field(default_factory=Event)
    published: int = 0
    #: late events, kept until their requests' windows are over: only after that are they late,
    #: however slow a busy machine is
    held: list[Mapping[str, Any]] = field(default_factory=list)
    #: rounds that published everything there was
    rounds: int = 0

    def run(self) -> None:
        try:
            self._pump()
        finally:
            self.stop.set()  # so that no other thread waits for further rounds

    def _pump(self) -> None:
        while not self.stop.is_set():
            for caused in self.stage.genesys.get("caused")["events"]:
                if caused["fate"] == "late":
                    self.held.append(caused)
                else:
                    self._publish(caused)
            self._release()
            self.rounds += 1
            self.stop.wait(PUMP_EVERY_S)

    def is_done(self) -> bool:
        """Whether nothing is left to publish, and nothing was for a whole round."""
        before, published = self.rounds, self.published
        while self.rounds < before + 2 and not self.stop.is_set():
            self.stop.wait(PUMP_EVERY_S)
        waiting = self.stage.genesys.get("summary")["caused_events_waiting"]
        return not waiting and not self.held and self.published == published

    def _release(self) -> None:
        if not self.held:
            return
        made = {
            request["number"]: request["correlation_id"]
            for request in self.stage.genesys.get("record")["requests"]
        }
        records = _records(self.stage)
        for caused in list(self.held):
            history = records.get(made[caused["request"]], {}).get("history", ())
            if any(WINDOW_OVER in line for line in history):
                self.held.remove(caused)
                self._publish(caused)

    def _publish(self, caused: Mapping[str, Any]) -> None:
        detail = dict(caused["detail"])
        if caused["request"] % 2:
            detail["metadata"] = {"CorrelationId": str(uuid.uuid4())}
        self.stage.aws.client("events").put_partner_events(
            Entries=[
                {
                    "Source": self.source,
                    "DetailType": caused["detail_type"],
                    "Detail": json.dumps(detail),
                }
            ]
        )
        self.published += 1


def play(act: Act) -> Verdict:
    """Makes the requests group by group, plays their events, and checks every record."""
    genesys = act.stage.genesys
    genesys.post("conduct", event_late_s=0)  # the partner decides when an event is late
    partner = Partner(act.stage, act.source)
    pump = Thread(target=partner.run, daemon=True)
    pump.start()
    try:
        complaints = _make_requests(act)
        played = -1
        while played != partner.published:
            played = partner.published
            act.watch.until_quiet(act.show.sight)
            if not act.watch.until(partner.is_done, act.show.sight):
                complaints.append(
                    f"{plural(len(partner.held), 'window does', 'windows do')} not end."
                )
    finally:
        partner.stop.set()
        pump.join()
    records = _records(act.stage)
    record = genesys.get("record")
    made = [Made.of(request, record, records) for request in _first_requests(record)]
    complaints += [complaint for each in made for complaint in each.complaints()]
    if len(made) != len(act.lines):
        complaints.append(
            f"{plural(len(act.lines), 'request')} to track, of which {len(made)} made."
        )
    outcomes = Counter(f"{each.fate}: {each.state}" for each in made)
    rows = {"tracked": dict(sorted(outcomes.items())), "caused_events": partner.published}
    return Verdict(rows, complaints)


def _make_requests(act: Act) -> list[str]:
    """First the one whose answer is lost, then one request per fate, group by group."""
    genesys = act.stage.genesys
    first, rest = act.lines[:1], act.lines[1:]
    genesys.post("conduct", lost_answer=1.0)
    genesys.post("fates", next=["on_time"])
    publish(first, act.source, act.stage, lambda count: None)
    complaints = list(_until_made(act, "conversations", 1))
    genesys.post("conduct", lost_answer=0.0)
    wanted = Counter({"conversations": 1})
    for number, (group, endpoint) in enumerate(GROUPS.items()):
        genesys.post("fates", next=list(FATES))
        lines_of = rest[number * len(FATES) : (number + 1) * len(FATES)]
        publish(lines_of, act.source, act.stage, lambda count: None)
        act.show.published(1 + (number + 1) * len(FATES), len(act.lines))
        wanted[endpoint] += len(FATES)
        if complaint := _until_made(act, endpoint, wanted[endpoint]):
            complaints += [f"{group}: {each}" for each in complaint]
    return complaints


def _until_made(act: Act, endpoint: str, count: int) -> list[str]:
    def is_made() -> bool:
        first = _first_requests(act.stage.genesys.get("record"))
        return len([request for request in first if request["endpoint"] == endpoint]) >= count

    if act.watch.until(is_made, act.show.sight):
        return []
    return [f"fewer than {plural(count, 'request')} reached {endpoint}."]


def _first_requests(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every tracked request's first attempt that was carried out."""
    first: dict[str, Mapping[str, Any]] = {}
    for request in record["requests"]:
        if request["endpoint"] in GROUPS.values() and request["fate"]:
            first.setdefault(request["correlation_id"], request)
    return list(first.values())


def _records(stage: Stage) -> dict[str, Mapping[str, Any]]:
    """The ledger's records of tracked requests, by id."""
    read = TypeDeserializer().deserialize
    pages = (
        stage.aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=stage.outputs["LedgerTableName"], ConsistentRead=True)
    )
    items = [{k: read(v) for k, v in item.items()} for page in pages for item in page["Items"]]
    return {
        item["pk"].removeprefix("R#"): item
        for item in items
        if item["pk"].startswith("R#") and item.get("destination") in GROUPS
    }


@dataclass(frozen=True, slots=True)
class Made:
    """A tracked request: its event's fate, and its record's final state."""

    batch_id: str
    fate: str
    lost_answer: bool
    state: str
    resends: int
    effects: int
    #: attempts after its event had been received
    needless: int
    history: Sequence[str]

    @classmethod
    def of(
        cls,
        request: Mapping[str, Any],
        record: Mapping[str, Any],
        records: Mapping[str, Mapping[str, Any]],
    ) -> "Made":
        batch_id = request["correlation_id"]
        item = records.get(batch_id, {})
        return cls(
            batch_id=batch_id,
            fate=request["fate"],
            lost_answer=request["fault"] == "lost_answer",
            state=str(item.get("state", "no record")),
            resends=int(item.get("resends", 0)),
            effects=sum(e["correlation_id"] == batch_id for e in record["effects"]),
            needless=sum(
                r["correlation_id"] == batch_id
                and r["method"] != "GET"
                and r["at"] * 1000 > int(item.get("heard_at_ms", NEVER_MS))
                for r in record["requests"]
            ),
            history=tuple(item.get("history", ())),
        )

    def complaints(self) -> Iterator[str]:
        name = f"Request {self.batch_id} (event {self.fate})"
        if self.state not in FINAL_STATES[self.fate]:
            yield f"{name} ended as {self.state}: {'; '.join(self.history)}"
        if self.effects != 1:
            yield f"{name} took effect {plural(self.effects, 'time')}."
        if self.lost_answer and self.needless:
            yield f"{name} was sent again although its event had shown its effect."
        if self.fate == "never_nor_effect" and self.resends != 1:
            yield f"{name} never happened and was sent again {self.resends} times."
        if self.fate == "late" and not any(WINDOW_OVER in line for line in self.history):
            yield f"{name} was confirmed late without Genesys having been asked."


SCENARIO = Scenario(lines=lines, configuration=CONFIGURATION, play=play)
