"""The simulated Genesys as a process, over real HTTP, by an ordinary client and by the SDK."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PureCloudPlatformClientV2 as Sdk
import pytest
import requests

from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID
from tests.simulator.world import JOURNEY, event

READY_S = 120
ROOT = Path(__file__).parents[2]


class Simulator:
    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "simulator", *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening (http://127\.0\.0\.1:\d+)\n", line)
        assert found, line
        self.url = found[1]

    def token(self) -> str:
        answer = requests.post(
            f"{self.url}/oauth/token",
            auth=(CLIENT_ID, CLIENT_SECRET),
            data={"grant_type": "client_credentials"},
            timeout=READY_S,
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def events(self, *ids: str, timeout_s: float = READY_S) -> requests.Response:
        body = {"entities": [event(each) for each in ids]}
        headers = {"Authorization": f"Bearer {self.token()}"}
        return requests.post(f"{self.url}{JOURNEY}", json=body, headers=headers, timeout=timeout_s)

    def control(self, method: str, name: str, value: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sim/{name}", json=value, timeout=READY_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=READY_S)
        return self.process.returncode


@pytest.fixture(scope="module")
def process() -> Iterator[Simulator]:
    simulator = Simulator("--port", "0", "--seed", "1")
    yield simulator
    assert simulator.end() == 0


@pytest.fixture
def simulator(process: Simulator) -> Simulator:
    process.control("POST", "reset")
    return process


def test_events_go_in_and_are_on_record(simulator: Simulator) -> None:
    answer = simulator.events("a", "b")
    assert (answer.status_code, answer.json()) == (200, {"unprocessedEntities": []})
    assert answer.headers["inin-ratelimit-allowed"] == "300"
    assert answer.headers["ININ-Correlation-Id"]
    effects = simulator.control("GET", "record")["effects"]
    assert [effect["item_id"] for effect in effects] == ["a", "b"]
    assert abs(effects[0]["at"] - time.time()) < 60


@pytest.mark.parametrize(
    ("fault", "error", "effect"),
    [
        ("lost_answer", "Remote end closed connection without response", True),
        ("lost_request", "Remote end closed connection without response", False),
        ("reset", "Connection reset by peer", False),
        ("reset_after_effect", "Connection reset by peer", True),
        ("truncated", "IncompleteRead", True),
    ],
)
def test_a_dropped_answer_is_a_broken_connection(
    simulator: Simulator, fault: str, error: str, effect: bool
) -> None:
    simulator.control("POST", "conduct", {fault: 1.0})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)) as e:
        simulator.events("a")
    assert error in str(e.value)
    assert simulator.control("GET", "summary")["effects"] == effect


def test_a_hanging_answer_is_a_timeout_and_took_effect(simulator: Simulator) -> None:
    simulator.control("POST", "conduct", {"lost_answer": 1.0, "hang_s": 5.0})
    with pytest.raises(requests.ReadTimeout):
        simulator.events("a", timeout_s=0.3)
    # On a busy machine the request may not even have been read by then.
    until = time.monotonic() + READY_S
    while not simulator.control("GET", "summary")["effects"] and time.monotonic() < until:
        time.sleep(0.05)
    assert simulator.control("GET", "summary")["effects"] == 1


def test_a_slow_answer_is_slow_and_holds_up_nobody(simulator: Simulator) -> None:
    simulator.control("POST", "conduct", {"slow": 1.0, "slow_s": 0.4})
    begin = time.monotonic()
    assert simulator.events("a").status_code == 200
    assert 0.4 <= time.monotonic() - begin < READY_S


def test_an_empty_2xx_answer_is_empty(simulator: Simulator) -> None:
    simulator.control("POST", "conversations", {"known": {"c": ["p"]}})
    answer = requests.patch(
        f"{simulator.url}/api/v2/conversations/c/participants/p/attributes",
        json={"attributes": {"a": "1"}},
        headers={"Authorization": f"Bearer {simulator.token()}"},
        timeout=READY_S,
    )
    assert (answer.status_code, answer.content) == (202, b"")


def test_a_body_beyond_the_limit_is_413_over_the_wire(simulator: Simulator) -> None:
    answer = simulator.events("a" * 600_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.entity.too.large")


def test_bad_control_input_is_400(simulator: Simulator) -> None:
    answer = requests.post(f"{simulator.url}/_sim/outage", data=b"{", timeout=READY_S)
    assert answer.status_code == 400
    assert "is not JSON" in answer.json()["error"]


def test_the_official_sdk_gets_on_with_it(simulator: Simulator) -> None:
    client = Sdk.ApiClient()
    client.host = simulator.url
    client.access_token = simulator.token()
    body = Sdk.ExternalEventsRequest()
    body.entities = [event("a"), event("a poison-pill")]
    api = Sdk.JourneyApi(client)
    answer = api.post_journey_externalevents_configuration_events(CONFIGURATION_ID, body=body)
    assert [failed.event.id for failed in answer.unprocessed_entities] == ["a poison-pill"]
    assert simulator.control("GET", "summary")["effects"] == 1


def test_it_ends_cleanly_in_the_middle_of_a_hanging_answer(tmp_path: Path) -> None:
    record, state = tmp_path / "record.ndjson", tmp_path / "state.json"
    options = ("--record", str(record), "--state", str(state))
    simulator = Simulator("--seed", "1", *options)
    simulator.control("POST", "conduct", {"lost_answer": 1.0, "hang_s": 600.0})
    with pytest.raises(requests.ReadTimeout):
        simulator.events("a", timeout_s=0.3)
    assert simulator.end() == 0
    kinds = [json.loads(line)["kind"] for line in record.read_text().splitlines()]
    assert kinds == ["begin", "request", "effect", "request"]

    again = Simulator("--seed", "1", *options)
    assert again.control("GET", "summary")["effects"] == 1
    assert again.end() == 0


def test_the_record_file_survives_a_kill(tmp_path: Path) -> None:
    record = tmp_path / "record.ndjson"
    simulator = Simulator("--record", str(record))
    simulator.events("a")
    os.kill(simulator.process.pid, signal.SIGKILL)
    simulator.process.communicate(timeout=READY_S)
    assert '"item_id": "a"' in record.read_text()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--faults", "evil"], "preset 'evil' is none of none, normal, hostile"),
        (["--keys", "maybe"], "conduct: keys: input should be 'honoured', 'ignored' or 'conflict'"),
        (["--assume", "unknown_members_are_refused"], "must be NAME=true or NAME=false"),
        (["--assume", "pigs_fly=true"], "assumptions: pigs_fly: unexpected keyword argument"),
        (["--record", "/nowhere/record"], "/nowhere/record cannot be opened: No such file"),
    ],
)
def test_a_wrong_option_gives_one_sentence_and_exit_2(options: list[str], sentence: str) -> None:
    check_refusal(options, sentence)


def test_a_taken_port_gives_one_sentence_and_exit_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        check_refusal(["--port", str(port)], f"Port {port} on 127.0.0.1 is taken")


def check_refusal(options: list[str], sentence: str) -> None:
    command = [sys.executable, "-m", "simulator", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=READY_S)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
