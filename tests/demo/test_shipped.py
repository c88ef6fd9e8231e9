"""The scenario `shipped`: a verdict that misses nothing."""

import json
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from demo.run.shipped import EVENTS, EXAMPLE, complaints_of, prepare, steps, talks
from ops.setup_journey import set_up
from simulator.faults import NONE
from simulator.organization import CONFIGURATION_ID
from tests.ops.test_setup_journey import caller_of
from tests.simulator.world import World

Effects = list[dict[str, Any]]


def good() -> Effects:
    written = [
        {
            "endpoint": "journey-external-events",
            "content": {
                "dateCreated": step["occurredAt"],
                "identifiers": {"externalIds": [{"value": step["identifiers"]["customerId"]}]},
                "attributes": {"details": json.dumps(step["attributes"])},
            },
        }
        for step in steps()
    ]
    noted = [
        {
            "endpoint": "participant-attributes",
            "content": {"lastQueueId": line.document["detail"]["eventBody"]["queueId"]},
        }
        for line in talks("aws.partner/genesys.com/cloud/x/y")
    ]
    return written + noted


def told(effects: Effects, statuses: tuple[int, ...] = (), aside: int = 0) -> list[str]:
    return list(complaints_of(effects, [{"status": status} for status in statuses], aside))


def test_what_is_as_it_must_be_has_no_complaint() -> None:
    assert told(good(), (200, 204, 429)) == []


def lost(effects: Effects) -> None:
    del effects[EVENTS // 2]


def doubled(effects: Effects) -> None:
    effects.append(effects[7])


def at_another_time(effects: Effects) -> None:
    effects[0]["content"]["dateCreated"] = "2026-01-09T23:00:00Z"


def of_another_customer(effects: Effects) -> None:
    effects[0]["content"]["identifiers"] = effects[1]["content"]["identifiers"]


def without_its_note(effects: Effects) -> None:
    effects.pop()


@pytest.mark.parametrize(
    "harm", [lost, doubled, at_another_time, of_another_customer, without_its_note]
)
def test_one_effect_that_is_not_as_it_must_be_is_reported(harm: Callable[[Effects], None]) -> None:
    effects = good()
    harm(effects)
    assert told(effects)


def test_what_was_refused_or_set_aside_is_reported() -> None:
    assert told(good(), (200, 403)) == ["Requests were refused: {403: 1}."]
    assert told(good(), aside=2) == ["2 events were set aside."]


def test_it_deploys_what_is_shipped_with_the_ids_that_setup_prints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(NONE)
    monkeypatch.setattr("demo.run.shipped.Genesys", lambda url: Control(world))
    monkeypatch.setattr("demo.run.shipped.set_up", lambda url, wanted: made(world, wanted))
    deployed = tomllib.loads(prepare("http://simulated"))
    shipped = tomllib.loads(EXAMPLE.read_text("utf-8"))
    ids = deployed["destinations"]["journey"]
    assert ids["configuration_id"] in set(world.platform.org.configurations) - {CONFIGURATION_ID}
    for name in ("configuration_id", "external_source_id"):
        ids[name] = shipped["destinations"]["journey"][name]
    for part in ("destinations", "routes"):
        assert deployed[part] == shipped[part]


class Control:
    def __init__(self, world: World) -> None:
        self.world = world

    def post(self, what: str, **order: Any) -> Any:
        return self.world.control("POST", what, order)


def made(world: World, wanted: Any) -> list[Any]:
    return list(set_up(caller_of(world), wanted, apply=True))
