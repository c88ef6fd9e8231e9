"""If a relay has lanes, whoever is on call sees each of their queues."""

from typing import Any

import pytest

from lambdas.relay.kernel.lanes import LANES, title, writes_queue
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.messages.sealing import encode
from ops import checks
from ops.errors import OpsError
from tests.ops.conftest import Deployed
from tests.unit.test_lanes import batch_in


@pytest.fixture
def lanes(relay: Deployed) -> Deployed:
    for lane in LANES:
        for end in ("", "-dead"):
            name = f"{writes_queue(lane)}{end}"
            url = relay.sqs.create_queue(QueueName=name)["QueueUrl"]
            relay.made[f"{title(name)}QueueUrl"] = url
    return relay


def test_the_lanes_are_among_the_queues(lanes: Deployed) -> None:
    assert [line.name for line in lanes.lines()][-2:] == ["writes-first", "writes-last"]
    assert lanes.line("writes-first").dead_url.endswith("/writes-first-dead")


def test_without_lanes_their_names_are_unknown(relay: Deployed) -> None:
    assert len(relay.lines()) == 4
    with pytest.raises(OpsError, match="no queue writes-first: the queues are events, batches"):
        relay.line("writes-first")


def test_what_a_person_sends_to_be_written_waits_in_its_lane(lanes: Deployed) -> None:
    text = encode(batch_in("last"))

    lanes.writes.send([Outgoing(text)])

    (found,) = lanes.queue(lanes.line("writes-last").url).receive(10)
    assert found.body == text


class Functions:
    """Lambda, as far as the doctor asks it: how many queues feed each function, and a throttled
    one."""

    def __init__(self, of_write: int, throttled: str) -> None:
        self._of_write, self._throttled = of_write, throttled

    def get_function(self, *, FunctionName: str) -> Any:
        reserved = {"Concurrency": {"ReservedConcurrentExecutions": 0}}
        return {
            "Configuration": {"State": "Active"},
            **(reserved if FunctionName == self._throttled else {}),
        }

    def list_event_source_mappings(self, *, FunctionName: str) -> Any:
        count = self._of_write if FunctionName == "Write" else 1
        return {"EventSourceMappings": [{"State": "Enabled"}] * count}


def _looked_at(relay: Deployed, of_write: int, throttled: str = "") -> str:
    for verb in ("Intake", "Dedup", "Write", "Confirm", "Reconcile"):
        relay.made[f"{verb}FunctionName"] = verb
    relay.functions = Functions(of_write, throttled)  # type: ignore[assignment]
    return checks._functions(relay)


def test_the_doctor_reports_a_lane_that_is_not_connected(lanes: Deployed) -> None:
    assert _looked_at(lanes, 3) == "5 active, connected to their 6 queues"
    with pytest.raises(OpsError, match="queue of Write is not connected"):
        _looked_at(lanes, 2)


def test_without_lanes_one_queue_feeds_each_function(relay: Deployed) -> None:
    assert _looked_at(relay, 1) == "5 active, connected to their 4 queues"


@pytest.mark.parametrize("verb", ["Intake", "Reconcile"])
def test_the_doctor_sees_that_somebody_pressed_throttle(relay: Deployed, verb: str) -> None:
    """The Lambda console's button: no trigger is off, nothing differs from the template."""
    with pytest.raises(OpsError, match=rf"{verb} may run only 0 times .* unreserved"):
        _looked_at(relay, 1, throttled=verb)
