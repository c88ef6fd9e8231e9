"""The requests that our destinations send, against the official SDK's models, field by field."""

import json

import pytest

from lambdas.relay.destinations.kinds import KINDS as CONFIGURED
from tests.simulator.test_sdk import mismatches
from tests.unit.kinds import KINDS, section
from tests.unit.simulated import Simulated, configuration, envelope

#: by kind: the model of the whole request
MODELS = {
    "journey-external-events": "ExternalEventsRequest",
    "conversation-events": "BatchConversationEventRequest",
    "external-contacts-enrich": "BulkContactsEnrichRequest",
    "outbound-contacts": "list[WritableDialerContact]",
    "participant-attributes": "ParticipantAttributes",
    "external-metrics": "ExternalMetricDataWriteRequest",
    "conversations": "CreateCallRequest",
}
#: the generic path represents others: no model can be theirs
INVENTED = {"generic"}


def test_every_kind_is_checked_or_declared_invented() -> None:
    asked = {kind.name for kind in CONFIGURED.values() if kind.service == "genesys"}
    assert set(MODELS) | INVENTED == asked


@pytest.mark.parametrize("kind", MODELS)
def test_a_request_has_no_field_that_the_sdk_does_not_know(kind: str) -> None:
    world = Simulated(configuration(section(kind)))
    _, topic, count = KINDS[kind]
    world.batch([envelope(number, topic) for number in range(min(count, 3))])
    world.write_all()
    (request,) = world.posts()
    assert mismatches(json.loads(request.body), MODELS[kind], "request") == []


def test_every_list_of_conversation_events_has_its_own_model() -> None:
    world = Simulated(configuration(section("conversation-events")))
    topics = ("customer.start", "acd.start", "user.start", "wrapup", "customer.end", "user.end")
    extra = {"wrapupCode": "w"}
    world.batch([envelope(n, t, **(extra if t == "wrapup" else {})) for n, t in enumerate(topics)])
    world.write_all()
    (request,) = world.posts()
    assert mismatches(json.loads(request.body), "BatchConversationEventRequest", "request") == []


def test_a_surplus_field_is_noticed() -> None:
    item = {"attributes": {"a": "'1'"}, "mood": "'good'"}
    world = Simulated(configuration({"kind": "participant-attributes", "item": item}))
    world.batch([envelope(1)])
    world.write_all()
    (request,) = world.posts()
    assert mismatches(json.loads(request.body), "ParticipantAttributes", "request") == [
        "ParticipantAttributes has no field mood (request)"
    ]
