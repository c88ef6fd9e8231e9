"""What needs a stage of its own. Dead letters go back to work by the call that the AWS console
makes, in parts and repeatedly; and what teams ask for, with real receivers.

Every function is broken in turn, so that every dead-letter queue gets dead letters of its own; each
is then repaired and they are redriven. At the end every event took effect once.
"""

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from demo.run import teams
from demo.run.account import settle
from demo.run.lines import Line, bus_source, generate
from demo.run.publishing import publish
from demo.run.remains import read_remains
from demo.run.scenario import Act
from demo.run.showing import Show
from demo.run.stage import ENDPOINT_FILE, Setting, Stage, set_stage
from demo.run.watching import Watch
from emulator.toolchain import ROOT
from lambdas.relay.correlation.checks import timer

EVENTS = 60
#: a guard against a hang, not a bound: a busy machine takes its time
WAIT_S = 1800.0
#: a variable of each function that it cannot work without, and a neighbour that does not exist
BROKEN = {
    "Intake": ("BATCHES_QUEUE_URL", "http://127.0.0.1/000000000000/gone"),
    "Dedup": ("LEDGER_TABLE", "gone"),
    "Write": ("LEDGER_TABLE", "gone"),
    "Confirm": ("LEDGER_TABLE", "gone"),
}
#: what SQS counts of a queue
WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
CHECK = timer("window", "no-such-request", 0)
QUEUE_OF = {"Intake": "Events", "Dedup": "Batches", "Write": "Writes", "Confirm": "Checks"}


TEAMS = teams.Teams()


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    lines = generate(7)[:EVENTS]
    directory = tmp_path_factory.mktemp("redrive")
    source = bus_source(lines)
    return Setting(directory, source, "none", 7, prepare=TEAMS.prepare, relay=teams.RELAY)


@pytest.fixture(scope="module")
def stage(setting: Setting) -> Iterator[Stage]:
    with set_stage(setting, lambda _text: None) as stage:
        for verb in BROKEN:
            configure(stage, verb, {f"{QUEUE_OF[verb].upper()}_RECEIVES_MAX": "2"})
        yield stage


def test_every_dead_letter_queue_is_redriven_to_its_source_however_often(
    stage: Stage, setting: Setting
) -> None:
    lines = generate(7)[:EVENTS]
    for verb in ("Intake", "Dedup", "Write"):
        break_function(stage, verb)
    publish(lines, setting.source, stage, lambda _count: None)

    for verb in ("Intake", "Dedup", "Write"):
        dead_letters = eventually(lambda v=verb: dead_letters_once_all_are(stage, v))  # type: ignore[misc]
        for dead_letter in dead_letters:
            assert_tells_why(dead_letter, verb)
        repair(stage, verb)
        redrive_by_halves(stage, setting, verb)
    assert Watch(stage).until_quiet(lambda _sight: None)

    assert_delivered_once(lines, stage)


def test_a_redriven_check_finds_its_request_gone_and_ends(stage: Stage) -> None:
    break_function(stage, "Confirm")
    send(stage, "ChecksQueueUrl", CHECK.body, **CHECK.attributes)

    (dead_letter,) = eventually(lambda: dead_letters_in(stage, "Confirm"))
    assert dead_letter["MessageAttributes"]["batch"]["StringValue"] == "no-such-request"
    assert dead_letter["MessageAttributes"]["reason"]["StringValue"]
    repair(stage, "Confirm")
    redrive(stage, "Confirm")

    assert Watch(stage).until_quiet(lambda _sight: None)
    assert not dead_letters_in(stage, "Confirm")


def test_the_consoles_default_choice_stops_at_our_dead_letters_and_is_resumed(
    stage: Stage,
) -> None:
    """Redrive to source: SQS does not know where a message that a function sent there came from."""
    break_function(stage, "Confirm")
    send(stage, "ChecksDeadQueueUrl", CHECK.body, reason="a test", redrives="1", **CHECK.attributes)
    task = move(stage, "Confirm", to_source=True)
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert len(dead_letters_in(stage, "Confirm")) == 1

    stage.reconcile()

    task = last_move(stage, "Confirm")
    assert (task["Status"], task["DestinationArn"]) == ("COMPLETED", arn(stage, "ChecksQueueUrl"))
    repair(stage, "Confirm")
    assert Watch(stage).until_quiet(lambda _sight: None)
    assert not dead_letters_in(stage, "Confirm")


def test_every_team_has_its_own_events_once(stage: Stage, setting: Setting) -> None:
    """An endpoint that verifies signatures, a bus, a FIFO queue, a lake, two lanes, a condition, a
    shadow; what never came is found and made, and the genuine events do not duplicate it."""
    for verb, queue in QUEUE_OF.items():
        configure(stage, verb, {f"{queue.upper()}_RECEIVES_MAX": "100"})
    show = Show(Console(file=io.StringIO()))

    verdict = TEAMS.play(Act([], setting.source, stage, Watch(stage), show))

    assert verdict.complaints == []
    everywhere = dict.fromkeys(("apps", "orders", "lake", "agents"), 8)
    rows = {"crm": 6, **everywhere, "quiet": 0, "missing": 2, "made": 2}
    assert verdict.rows["teams"] == rows


def assert_tells_why(dead_letter: dict[str, Any], verb: str) -> None:
    told = {name: value["StringValue"] for name, value in dead_letter["MessageAttributes"].items()}

    calls = ("SendMessageBatch", "PutItem", "UpdateItem", "BatchGetItem")
    assert any(call in told["reason"] for call in calls), told["reason"]
    assert int(told["attempts"]) >= 1
    assert told["first_seen"].startswith("20")
    assert len(told["identity"]) == 26
    if verb == "Intake":
        assert told["envelope"]
    else:
        assert len(told["batch"]) == 36
        assert int(told["events"]) >= 1


def redrive_by_halves(stage: Stage, setting: Setting, verb: str) -> None:
    """Some dead letters by the command line, a copy of one by hand, the rest by the console's call;
    then the call once more, on an empty queue."""
    queue = QUEUE_OF[verb].lower()
    copied = dead_letters_in(stage, verb)[0]
    relay(setting, "dead-letters", "redrive", "--queue", queue, "--most", "3", "--yes")
    attributes = {n: v["StringValue"] for n, v in copied["MessageAttributes"].items()}
    send(stage, f"{QUEUE_OF[verb]}QueueUrl", copied["Body"], **attributes)
    redrive(stage, verb)
    redrive(stage, verb)


def redrive(stage: Stage, verb: str) -> None:
    task = move(stage, verb)
    assert task["Status"] == "COMPLETED"
    assert not dead_letters_in(stage, verb)


def move(stage: Stage, verb: str, *, to_source: bool = False) -> dict[str, Any]:
    """What the console's redrive does; the destination is chosen in its form."""
    sqs = stage.aws.client("sqs")
    source = arn(stage, f"{QUEUE_OF[verb]}DeadQueueUrl")
    destination = {"DestinationArn": arn(stage, f"{QUEUE_OF[verb]}QueueUrl")}
    sqs.start_message_move_task(SourceArn=source, **({} if to_source else destination))  # type: ignore[arg-type]
    return last_move(stage, verb)


def last_move(stage: Stage, verb: str) -> dict[str, Any]:
    source = arn(stage, f"{QUEUE_OF[verb]}DeadQueueUrl")
    tasks = stage.aws.client("sqs").list_message_move_tasks(SourceArn=source)
    return dict(tasks["Results"][0])


def arn(stage: Stage, output: str) -> str:
    answer = stage.aws.client("sqs").get_queue_attributes(
        QueueUrl=stage.outputs[output], AttributeNames=["QueueArn"]
    )
    return answer["Attributes"]["QueueArn"]


def dead_letters_in(stage: Stage, verb: str) -> list[dict[str, Any]]:
    """Every dead letter, read and left there."""
    sqs, url = stage.aws.client("sqs"), stage.outputs[f"{QUEUE_OF[verb]}DeadQueueUrl"]
    found: dict[str, dict[str, Any]] = {}
    while messages := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30, MessageAttributeNames=["All"]
    ).get("Messages", []):
        found |= {message["MessageId"]: dict(message) for message in messages}
    for message in found.values():
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    return list(found.values())


def dead_letters_once_all_are(stage: Stage, verb: str) -> list[dict[str, Any]]:
    """None while the function's queue holds what may still become a dead letter."""
    attributes = stage.aws.client("sqs").get_queue_attributes(
        QueueUrl=stage.outputs[f"{QUEUE_OF[verb]}QueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    held = sum(int(count) for name, count in attributes.items() if name in WAITING)
    return [] if held else dead_letters_in(stage, verb)


def send(stage: Stage, output: str, body: str, **attributes: str) -> None:
    stage.aws.client("sqs").send_message(
        QueueUrl=stage.outputs[output],
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def break_function(stage: Stage, verb: str) -> None:
    name, value = BROKEN[verb]
    configure(stage, verb, {f"WHOLE_{name}": configured(stage, verb)[name], name: value})


def repair(stage: Stage, verb: str) -> None:
    name, _ = BROKEN[verb]
    configure(stage, verb, {name: configured(stage, verb)[f"WHOLE_{name}"]})


def configured(stage: Stage, verb: str) -> dict[str, str]:
    answer = stage.aws.client("lambda").get_function_configuration(
        FunctionName=stage.outputs[f"{verb}FunctionName"]
    )
    return answer["Environment"]["Variables"]


def configure(stage: Stage, verb: str, changes: dict[str, str]) -> None:
    stage.aws.client("lambda").update_function_configuration(
        FunctionName=stage.outputs[f"{verb}FunctionName"],
        Environment={"Variables": {**configured(stage, verb), **changes}},
    )


def relay(setting: Setting, *arguments: str) -> Any:
    """The command line, as a person would use it."""
    endpoint: Path = setting.directory / ENDPOINT_FILE
    command = [sys.executable, "-m", "ops", "--local", "--endpoint-file", str(endpoint), "--json"]
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
        check=False, timeout=WAIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_delivered_once(lines: list[Line], stage: Stage) -> None:
    account = settle(lines, stage.genesys.get("record")["effects"], read_remains(stage))

    assert account.delivered == account.unique
    assert account.is_clean, account


def eventually(look: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """What a look finds once nothing more comes."""
    deadline = time.monotonic() + WAIT_S
    before: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        found = look()
        if found and len(found) == len(before):
            return found
        before = found
        time.sleep(1.0)
    raise AssertionError("no dead letter came")
