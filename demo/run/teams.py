"""`make run SCENARIO=teams`: what several teams ask of one relay, with real receivers.

Voice goes to a customer's endpoint; everything goes to an event bus, a FIFO queue and a lake in S3;
urgent requests go first; and one team's route runs in shadow. The lake's lane is blocked for a
while, which must not block any other. One conversation's events never arrive: the audit finds
them, a backfill makes them, and the genuine ones that come later are copies. At the end each
receiver has each of its events once.
"""

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from demo.day import telephone
from demo.run.lines import Line
from demo.run.publishing import publish
from demo.run.receiver import Receiver
from demo.run.scenario import Act, Scenario, Verdict
from demo.run.stage import Stage
from emulator.process import ACCOUNT, REGION
from emulator.toolchain import ROOT
from ops.screen import plural
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID

DETAIL = "v2.detail.events.conversation.{id}.customer"
SIDES = ("start", "end")
#: other customers' events are taken by no route, and the bus's rule leaves them out
PROVIDER = "teams"
#: by number of the conversation
MEDIA = ("voice", "email", "voice", "voice")
#: the conversation whose events Genesys loses
LOST = 3
#: long enough ago to be judged, and within what Genesys' query answers immediately
AGO = timedelta(hours=3)
ARN = "arn:aws:{}:" + f"{REGION}:{ACCOUNT}:"
BUS, LAKE = f"{ARN.format('events')}event-bus/apps", f"{ARN.format('firehose')}deliverystream/lake"
ORDERS, QUIET, HEARD = (f"{ARN.format('sqs')}{name}" for name in ("orders.fifo", "quiet", "heard"))
#: keys of [relay]
RELAY = "lanes = true\n"
#: an item as the endpoint, the queue and the lake get it, and as the bus does
Told = tuple[str, str]


def configuration(endpoint: str) -> str:
    """Destinations and routes; every route takes the events of the teams' customers."""
    ours = f"body.provider == '{PROVIDER}'"
    routes = {
        "crm": ("contains(['VOICE'], body.mediaType)", ""),
        "apps": ("", ""),
        "orders": ("", ""),
        "lake": ("", 'lane = "last"'),
        "agents": ("", 'lane = "first"'),
        "quiet": ("", "shadow = true"),
    }
    topics = json.dumps([f"{DETAIL}.{side}" for side in SIDES])
    rows = [
        f'[[routes]]\nname = "{name}"\ndestination = "{name}"\ntopics = {topics}\n'
        f"when = {json.dumps(f'{ours} && {when}' if when else ours)}\n{more}\n\n"
        for name, (when, more) in routes.items()
    ]
    return f"""
[destinations.crm]
kind = "https"
url = "{endpoint}"

[destinations.apps]
kind = "event-bus"
arn = "{BUS}"

[destinations.orders]
kind = "queue"
arn = "{ORDERS}"

[destinations.quiet]
kind = "queue"
arn = "{QUIET}"

[destinations.lake]
kind = "firehose"
arn = "{LAKE}"

[destinations.agents]
kind = "journey-external-events"
configuration_id = "{CONFIGURATION_ID}"
item.dateCreated = "occurred_at"
item.identifiers.externalIds = [
    {{ value = "conversation_id", externalSourceId = "'{EXTERNAL_SOURCE_ID}'" }},
]
item.attributes = {{ side = "detail_type", conversationId = "conversation_id" }}

[identity]
"{DETAIL}.*" = "moment"

{"".join(rows)}"""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A customer's session, as Genesys' record and its events describe it."""

    number: int
    began: datetime

    @property
    def name(self) -> str:
        return self._id("conversation")

    def _id(self, what: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{what} {self.number} {self.began}"))

    def _moment(self, side: str) -> datetime:
        return self.began + timedelta(seconds=0 if side == "start" else 61)

    def record(self) -> dict[str, Any]:
        begun, ended = (_text(self._moment(side)) for side in SIDES)
        segment = {"segmentType": "interact", "segmentStart": begun, "segmentEnd": ended}
        session = {
            "sessionId": self._id("session"),
            "mediaType": MEDIA[self.number],
            "provider": PROVIDER,
            "direction": "inbound",
            "segments": [segment],
        }
        customer = {"purpose": "customer", "participantId": self._id("participant")}
        return {
            "conversationId": self.name,
            "conversationStart": begun,
            "conversationEnd": ended,
            "participants": [{**customer, "sessions": [session]}],
        }

    def lines(self, source: str) -> list[Line]:
        return [self._line(source, side) for side in SIDES]

    def _line(self, source: str, side: str) -> Line:
        detail_type = f"{DETAIL}.{side}"
        document = {
            "id": str(uuid.uuid4()),
            "source": source,
            "detail-type": detail_type,
            "detail": {
                "topicName": detail_type.replace("{id}", self.name),
                "version": "2",
                "timestamp": _text(self._moment(side)),
                "metadata": {},
                "eventBody": {
                    "eventTime": round(self._moment(side).timestamp() * 1000),
                    "conversationId": self.name,
                    "participantId": self._id("participant"),
                    "sessionId": self._id("session"),
                    "mediaType": MEDIA[self.number].upper(),
                    "provider": PROVIDER,
                    "direction": "INBOUND",
                    "ani": f"tel:{telephone(Random(self.number))}",
                },
            },
        }
        return Line(json.dumps(document), document)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Receivers:
    """Everything outside the relay: how often each receiver has each event."""

    stage: Stage
    endpoint: Receiver
    _read: dict[str, list[Any]] = field(default_factory=dict)

    def make(self) -> None:
        """Creates what the teams own."""
        client: Any = self.stage.aws.client
        events, sqs, s3, firehose = map(client, ("events", "sqs", "s3", "firehose"))
        sqs.create_queue(QueueName="heard")
        sqs.create_queue(QueueName="quiet")
        sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})
        events.create_event_bus(Name="apps")
        pattern = json.dumps({"source": ["genesys-relay"]})
        events.put_rule(Name="all", EventBusName="apps", EventPattern=pattern)
        target = {"Id": "heard", "Arn": HEARD}
        events.put_targets(Rule="all", EventBusName="apps", Targets=[target])
        s3.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        firehose.create_delivery_stream(
            DeliveryStreamName="lake",
            ExtendedS3DestinationConfiguration={
                "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/lake",
                "BucketARN": "arn:aws:s3:::lake",
            },
        )
        # A key of its own, like every endpoint but the first.
        client("secretsmanager").put_secret_value(
            SecretId=self.stage.outputs["SigningSecretName"],
            SecretString=json.dumps({"crm": self.endpoint.key}),
        )

    def have(self) -> Mapping[str, Counter[Told]]:
        effects = self.stage.genesys.get("record")["effects"]
        agents = [e["content"]["attributes"] for e in effects if _is_of_agents(e["content"])]
        return {
            "crm": Counter(map(_told, self.endpoint.items())),
            "apps": Counter(map(_told, self._messages("heard"))),
            "orders": Counter(map(_told, self._messages("orders.fifo"))),
            "lake": Counter(map(_told, self._lake())),
            "agents": Counter((each["conversationId"], each["side"]) for each in agents),
            "quiet": Counter(map(_told, self._messages("quiet"))),
        }

    def _messages(self, name: str) -> list[Any]:
        sqs, read = self.stage.aws.client("sqs"), self._read.setdefault(name, [])
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        while got := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                read.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return read

    def _lake(self) -> list[Any]:
        s3 = self.stage.aws.client("s3")
        keys = [row["Key"] for row in s3.list_objects_v2(Bucket="lake").get("Contents", [])]
        texts = [s3.get_object(Bucket="lake", Key=key)["Body"].read().decode() for key in keys]
        return [json.loads(line) for text in texts for line in text.splitlines()]


def _told(item: Mapping[str, Any]) -> Told:
    body = item.get("data") or item["detail"]
    return body["conversationId"], item.get("type") or item["detail-type"]


def _is_of_agents(content: Any) -> bool:
    return isinstance(content, dict) and "side" in content.get("attributes", {})


@dataclass
class Day:
    """What happens, and what is found wrong."""

    act: Act
    receivers: Receivers
    told: Sequence[Conversation]
    complaints: list[str] = field(default_factory=list)

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.complaints.append(otherwise)

    def publish(self, *conversations: Conversation) -> None:
        lines = [line for each in conversations for line in each.lines(self.act.source)]
        publish(lines, self.act.source, self.act.stage, lambda _count: None)

    def due(self, name: str, conversations: Sequence[Conversation]) -> Counter[Told]:
        """What a receiver must have of them."""
        if name == "quiet":
            return Counter()
        return Counter(
            (each.name, f"{DETAIL}.{side}")
            for each in conversations
            if name != "crm" or MEDIA[each.number] == "voice"
            for side in SIDES
        )

    def wait_for(self, names: Sequence[str], conversations: Sequence[Conversation]) -> None:
        due = {name: self.due(name, conversations) for name in names}

        def is_there() -> bool:
            have = self.receivers.have()
            return all(not due[name] - have[name] for name in names)

        self.expect(
            self.act.watch.until(is_there, self.act.show.sight), f"not all of {names} have all"
        )

    def relay(self, *arguments: str, code: int) -> Any:
        """One command, in JSON."""
        command = [sys.executable, "-m", "ops", "--local", "--endpoint-file"]
        done = subprocess.run(
            [*command, str(self.act.stage.endpoint_file), "--json", *arguments],
            cwd=ROOT, env={**os.environ}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.expect(done.returncode == code, f"relay {arguments[0]}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)


def hold(stage: Stage, lane: str) -> Callable[[], None]:
    """Blocks all writes of a lane until the returned function is called."""
    client = stage.aws.client("lambda")
    queue = stage.outputs[f"Writes{lane.capitalize()}QueueUrl"].rpartition("/")[2]
    mappings = client.list_event_source_mappings(FunctionName=stage.outputs["WriteFunctionName"])
    (mapping,) = [
        each["UUID"]
        for each in mappings["EventSourceMappings"]
        if each["EventSourceArn"].endswith(f":{queue}")
    ]
    client.update_event_source_mapping(UUID=mapping, Enabled=False)
    return lambda: client.update_event_source_mapping(UUID=mapping, Enabled=True) and None


def happens(act: Act, endpoint: Receiver) -> Verdict:
    """The whole scenario, on a stage that is configured for it."""
    now = datetime.now(UTC).replace(microsecond=0)
    told = [Conversation(n, now - AGO + timedelta(minutes=n)) for n in range(len(MEDIA))]
    receivers = Receivers(act.stage, endpoint)
    receivers.make()
    day = Day(act, receivers, told)
    act.stage.genesys.post("history", conversations=[each.record() for each in told])
    came = [each for each in told if each.number != LOST]

    release = hold(act.stage, "last")
    day.publish(*came, came[0])
    day.wait_for(("crm", "apps", "orders", "agents"), came)
    day.expect(not receivers.have()["lake"], "the lake's lane was not held up")
    release()
    day.wait_for(("lake",), came)

    period = ("--from", _text(now - AGO - AGO), "--to", _text(now))
    found = day.relay("audit", *period, code=1)
    day.expect(found["missing"] == len(SIDES), f"the audit found {found['missing']} missing")
    made = day.relay("backfill", *period, "--reason", "they never came", "--yes", code=0)
    day.wait_for(("crm", "apps", "orders", "agents", "lake"), told)
    day.publish(told[LOST])
    act.watch.until_quiet(act.show.sight)

    have = receivers.have()
    for name, counted in have.items():
        due = day.due(name, told)
        day.expect(counted == due, f"{name} has {sum(counted.values())} of {sum(due.values())}")
    day.expect(endpoint.busy == 1 and not endpoint.refused, "the endpoint refused a signature")
    rows = {name: sum(counted.values()) for name, counted in have.items()}
    for name, count in rows.items():
        act.show.tell(f"{plural(count, 'event')} at {name}")
    missing = {"missing": found["missing"], "made": len(made["events"])}
    return Verdict({"teams": {**rows, **missing}}, day.complaints)


class Teams:
    """The endpoint starts before the relay is deployed, which must know its address."""

    def __init__(self) -> None:
        self.endpoint: Receiver | None = None

    def prepare(self, genesys_url: str) -> str:
        self.endpoint = Receiver()
        return configuration(self.endpoint.url)

    def play(self, act: Act) -> Verdict:
        assert self.endpoint is not None  # set by prepare
        try:
            return happens(act, self.endpoint)
        finally:
            self.endpoint.close()


TEAMS = Teams()
SCENARIO = Scenario(
    lines=lambda seed: [], relay=RELAY, prepare=TEAMS.prepare, play=TEAMS.play, everything=False
)
