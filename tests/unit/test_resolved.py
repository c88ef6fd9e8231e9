"""What is made of a configuration at synthesis is what the functions load."""

import json
from typing import Any

import pytest

from lambdas.relay.destinations.kinds import KINDS as EVERY_KIND
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.resolved import load
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve
from tests.unit.kinds import KINDS
from tests.unit.simulated import JOURNEY_ITEM
from tests.unit.test_record_sinks import ARNS

TRUTH = {"truth": "/api/v2/things/{key}", "key": "id"}
EVENTS = {"match": "entity", "topics": ["a.{id}"], "follows": ["b"], "completed_by": ["a.{id}"]}
UNDO = {"method": "DELETE", "path": "/api/v2/things/{key}", "body": {"a": 1}}
SECTIONS: dict[str, dict[str, Any]] = {
    **{kind: {"kind": kind, **said} for kind, (said, _, _) in KINDS.items()},
    **{kind: {"kind": kind, "arn": arn} for kind, arn in ARNS.items()},
    "https": {"kind": "https", "url": "https://shop.example/hooks", "single": True},
    "mirrored": {"kind": "conversation-events", "confirmation": {"window_s": 3}},
    "called otherwise": {"kind": "generic", "formerly": ["then", "before"]},
    "a key": {"kind": "generic", "key": {"honoured_hours": 24, "checked_first": True}},
    "events and truth": {"kind": "generic", "confirmation": {**EVENTS, **TRUTH}},
    "truth alone": {"kind": "generic", "confirmation": TRUTH},
    "made good": {"kind": "generic", "confirmation": {**EVENTS, **TRUTH, "compensation": UNDO}},
    "a path": {
        "kind": "generic",
        "method": "PATCH",
        "path": "/api/v2/things/{a}",
        "path_values": {"a": "conversation_id"},
        "single": True,
        "item": {"note": "body.note"},
    },
}


def loaded(configuration: Configuration) -> Configuration:
    """What the functions load of it, which must be the same."""
    found = load(json.loads(json.dumps(resolve(configuration))))
    assert found == configuration
    assert found.confirmations == configuration.confirmations
    return found


def test_every_kind_is_tried() -> None:
    assert {section["kind"] for section in SECTIONS.values()} == set(EVERY_KIND)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_a_destination_is_loaded_as_it_was_resolved(section: dict[str, Any]) -> None:
    item = {"item": JOURNEY_ITEM} if section["kind"] == "journey-external-events" else {}
    route = {"destination": "there", **item}
    routes = [
        {"name": "one", **route, "topics": ["a", "b"], "when": "body.a", "formerly": ["none"]},
        {"name": "two", **route, "topics": ["c"], "shadow": True},
    ]
    loaded(parse({"destinations": {"there": section}, "routes": routes}))


def test_all_else_that_an_environment_says_is_loaded_as_it_was_resolved() -> None:
    found = loaded(
        parse(
            {
                "destinations": {"there": {"kind": "generic"}},
                "routes": [{"name": "one", "destination": "there"}],
                "breakers": {"destination": {"failures": 3}, "ledger": {"slow_s": 1.5}},
                "identity": {"v2.users.*": "content", "*": "own-id"},
                "sender_types": {"shop": ["order.*"]},
                "partner_event_source": "aws.partner/genesys.com/cloud/x/y",
            }
        )
    )
    assert found.reader.partner_source == "aws.partner/genesys.com/cloud/x/y"
    assert found.breakers.destination.failures == 3
