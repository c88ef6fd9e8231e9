"""docs/identity.md against the models of Genesys' SDK: how every topic's events are identified."""

import json
from typing import Any

import PureCloudPlatformClientV2 as Sdk
import pytest

from lambdas.relay.entrances.events import parse_event
from tests.simulator.identity_table import AUDITS, PAGE, bodies, page, sample, table

BODIES = bodies(Sdk)
NOW_MS = 1_767_952_800_000
AUDIT = "AuditTopicAuditLogMessage"


def identity(name: str, body: dict[str, Any], published: str) -> str:
    envelope = {
        "source": "aws.partner/genesys.com/cloud/x/y",
        "detail-type": AUDITS["Audit"] if name == AUDIT else f"v2.{name}",
        "detail": {"eventBody": body, "timestamp": published},
    }
    return parse_event(json.dumps(envelope), NOW_MS).identity


def test_the_page_says_what_the_sdk_says() -> None:
    text = PAGE.read_text("utf-8")

    assert page(text, table(BODIES)) == text, (
        "rewrite it with python -m tests.simulator.identity_table"
    )


def test_every_body_of_a_notification_is_there() -> None:
    assert len(BODIES) > 150
    assert {"QueueUserEventTopicQueueMember", "UserStationChangeTopicUserStations"} <= set(BODIES)


def test_each_topic_is_known_as_its_body_allows() -> None:
    """Judged by the model alone: does it have a time of the event's own, or an id of its own?"""
    for name, model in BODIES.items():
        body = sample(model)

        first, anew = (identity(name, body, f"2026-01-09T0{n}:00:00Z") for n in (1, 2))

        has_moment = "eventTime" in model.attribute_map.values()
        assert (first == anew) == (has_moment or name == AUDIT), name
        changed = identity(name, {**body, "somethingElse": 1}, "2026-01-09T01:00:00Z")
        assert (changed == first) == (name == AUDIT), name


def test_a_time_in_a_body_distinguishes_two_events() -> None:
    for name, model in BODIES.items():
        if "eventTime" in model.attribute_map.values():
            body = sample(model)
            later = {**body, "eventTime": "2026-01-09T09:00:01Z"}

            assert (identity(name, body, "t") == identity(name, later, "t")) == (name == AUDIT)


@pytest.mark.parametrize("wrong", ["", "| a | b | c |\n"])
def test_a_stale_table_is_seen(wrong: str) -> None:
    text = PAGE.read_text("utf-8")

    assert page(text, wrong) != text
