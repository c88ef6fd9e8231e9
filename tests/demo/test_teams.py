"""The scenario `teams` without a stage: what it configures, how its events are identified, and what
its endpoint accepts."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from demo.day import SOURCE
from demo.run import teams
from demo.run.receiver import Receiver
from demo.run.stage import relay_table
from lambdas.relay.audit.auditing import identity_of
from lambdas.relay.audit.record import expected_of
from lambdas.relay.entrances.events import read_envelope
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.sinks.https import signed
from stacks.configuration import load_environments
from stacks.narrowing import narrowed
from tests.stacks.event_pattern import matches

TOLD = [teams.Conversation(n, datetime(2026, 1, 9, 9, n, tzinfo=UTC)) for n in range(4)]
EVENTS = [line.document for each in TOLD for line in each.lines(SOURCE)]


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    path = tmp_path / "local.toml"
    text = relay_table(SOURCE, "http://127.0.0.1:1") + teams.RELAY
    path.write_text(text + teams.configuration("http://127.0.0.1:2/hooks"), "utf-8")
    (environment,) = load_environments(str(path))
    return environment.configuration


def test_every_route_takes_its_own_events(configuration: Configuration) -> None:
    taken = {
        route.name: sum(route.wants(read_envelope(event, 0)) for event in EVENTS)
        for route in configuration.routes
    }
    assert taken == {"crm": 6, **dict.fromkeys(("apps", "orders", "lake", "agents", "quiet"), 8)}
    assert configuration.has_lanes


def test_the_rule_leaves_out_what_no_route_takes(configuration: Configuration) -> None:
    rule = narrowed(SOURCE, None, (), configuration)
    assert all(matches(rule, event) for event in EVENTS)
    other = json.loads(json.dumps(EVENTS[0]).replace('"provider": "teams"', '"provider": "else"'))
    assert not matches(rule, other)


def test_events_from_the_record_are_identified_like_genuine_ones(
    configuration: Configuration,
) -> None:
    made = {identity_of(e, configuration) for each in TOLD for e in expected_of(each.record())}
    genuine = {read_envelope(event, 0, configuration.reader).identity for event in EVENTS}
    assert made == genuine
    assert len(genuine) == 8


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_the_endpoint_is_busy_once_then_takes_each_signed_request_once(receiver: Receiver) -> None:
    def post(key: str, request: str = "r1") -> int:
        headers = signed([base64.b64decode(key)], request, 1_767_952_800, b'{"events": [1, 2]}')
        return requests.post(receiver.url, b'{"events": [1, 2]}', headers=headers).status_code

    assert post(receiver.key) == 429
    assert post(base64.b64encode(b"k" * 32).decode()) == 401
    assert [post(receiver.key), post(receiver.key), post(receiver.key, "r2")] == [200, 200, 200]
    assert receiver.items() == [1, 2, 1, 2]
    assert receiver.refused == 1
