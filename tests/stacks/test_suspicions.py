"""What is only probably wrong is reported, and refuses nothing."""

from pathlib import Path

import pytest

from stacks.configuration import load_environments
from stacks.suspicions import suspicions
from tests.stacks.environments import environment_text

GUID = "7c0b1b2e-5c0f-4b8e-9b59-0a4f3f0e6a11"
EXAMPLE = Path("environments/example.toml")


def suspected(folder: Path, configuration_id: str, organisation: str = GUID) -> list[str]:
    path = folder / "one.toml"
    path.write_text(
        f"""
[relay]
partner_event_source = "aws.partner/genesys.com/cloud/{organisation}/relay"
genesys_region = "eu-central-1"
[destinations.journey]
kind = "journey-external-events"
configuration_id = "{configuration_id}"
external_source_id = "{GUID}"
[[routes]]
name = "steps"
destination = "journey"
topics = ["order.*"]
"""
    )
    (environment,) = load_environments(str(path))
    return suspicions(environment)


def test_an_environment_with_its_own_ids_is_not_reported(tmp_path: Path) -> None:
    assert suspected(tmp_path, GUID) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("customer-steps",), "destinations.journey.configuration_id is 'customer-steps'"),
        (("00000000-0000-4000-8000-000000000001",), "which comes from the example"),
        ((GUID, "00000000-0000-4000-8000-000000000000"), "relay.partner_event_source is"),
    ],
)
def test_what_is_probably_wrong_gives_one_sentence_with_its_place(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (said,) = suspected(tmp_path, *arguments)

    assert words in said


def said_of(folder: Path, destination: str, item: str) -> list[str]:
    path = folder / "one.toml"
    path.write_text(
        f"""
[relay]
partner_event_source = "aws.partner/genesys.com/cloud/{GUID}/relay"
genesys_region = "eu-central-1"
[destinations.there]
{destination}
[[routes]]
name = "all"
destination = "there"
item = {item}
"""
    )
    (environment,) = load_environments(str(path))
    return suspicions(environment)


STEPS = f'kind = "journey-external-events"\nconfiguration_id = "{GUID}"'
CALLBACKS = 'kind = "generic"\nsingle = true\npath = "/api/v2/conversations/callbacks"'
CALLS = 'kind = "conversations"'
CONTACTS = 'kind = "external-contacts-enrich"'


def step(source: str, **more: str) -> str:
    ids = f"""[{{ value = "body.x", externalSourceId = "{source}" }}]"""
    rest = "".join(f', {name} = "{value}"' for name, value in more.items())
    return f'{{ identifiers.externalIds = {ids}, attributes = {{ a = "topic" }}{rest} }}'


@pytest.mark.parametrize(
    ("destination", "item", "words"),
    [
        (STEPS, step("'genesys-relay'"), "externalIds[0].externalSourceId 'genesys-relay', which"),
        (STEPS, step(f"'{GUID}'", customerId="body.x"), "gives customerId, which Genesys' SDK"),
        (CALLS, '{ phoneNumber = "body.p", externalTag = "id" }', "gives externalTag, which"),
        (CALLS, '{ phoneNumber = "body.p", conversationId = "id" }', "gives conversationId,"),
        (CALLS, '{ label = "body.x" }', "names nobody to call"),
        (f'{CALLS}\nunknown = "repost"', '{ phoneNumber = "body.p" }', 'unknown is "repost"'),
        (
            CALLBACKS,
            f"""{{ phoneNumber = "body.p", callbackNumbers = ["body.p"], queueId = "'{GUID}'" }}""",
            "gives phoneNumber, which Genesys' SDK does not have there; it has callbackNumbers,",
        ),
        (
            CALLBACKS,
            f"""{{ queueId = "'{GUID}'" }}""",
            "names no number to call back; Genesys' SDK has callbackNumbers for that.",
        ),
        (
            'kind = "conversations"\npath = "/api/v2/conversations/callbacks"',
            f"""{{ queueId = "'{GUID}'", callbackUserName = "body.name" }}""",
            "names no number to call back",
        ),
        (
            CALLBACKS,
            '{ callbackNumbers = ["body.p"] }',
            "names no queue to call from; Genesys' SDK has queueId, routingData for that.",
        ),
        (
            f'{CALLBACKS}\nunknown = "repost"',
            f"""{{ callbackNumbers = ["body.p"], queueId = "'{GUID}'" }}""",
            "may then be reached twice",
        ),
        (
            CONTACTS,
            """{ matchingIdentifiers = [{ type = "'Email'", value = "body.e" }], """
            """action = "'Delete'" }""",
            "gives action 'Delete'; Genesys' SDK lists Insert, Merge,",
        ),
        (
            CONTACTS,
            """{ matchingIdentifiers = [{ type = "'Email'", val = "body.e" }] }""",
            "gives matchingIdentifiers[0].val, which",
        ),
        (
            'kind = "conversation-events"\nlists = { "*" = "establishedEvents" }',
            '{ eventDateTime = "occurred_at", conversationId = "conversation_id" }',
            "writes into establishedEvents, a list that",
        ),
    ],
)
def test_what_the_sdk_does_not_know_is_reported(
    tmp_path: Path, destination: str, item: str, words: str
) -> None:
    (said,) = said_of(tmp_path, destination, item)

    assert words in said


@pytest.mark.parametrize(
    ("destination", "item"),
    [
        (STEPS, step(f"'{GUID}'")),
        (STEPS, step("body.source")),
        (STEPS, '{ identifiers = "body.who", attributes = { anythingId = "\'7\'" } }'),
        (CALLS, '{ phoneNumber = "body.p", attributes = { orderId = "\'a\'" } }'),
        (
            CALLBACKS,
            """{ callbackNumbers = ["body.p"], routingData = "body.r", data = { of = "id" } }""",
        ),
        ('kind = "generic"\npath = "/api/v2/anything"', '{ anything = "body" }'),
        (
            'kind = "https"\nurl = "https://crm.example.com/api/v2/conversations/calls"',
            "{ customerId = \"'a'\" }",
        ),
    ],
)
def test_what_the_sdk_knows_and_what_it_does_not_cover_is_not_reported(
    tmp_path: Path, destination: str, item: str
) -> None:
    assert said_of(tmp_path, destination, item) == []


@pytest.mark.parametrize(
    ("organisation", "words"),
    [
        ("00000000-0000-0000-0000-000000000000", "made up"),
        ("11111111-2222-4333-8444-555555555555", "made up"),
        ("my-organisation", "names the organisation 'my-organisation', which is not a GUID"),
    ],
)
def test_an_organisation_is_named_by_its_id(tmp_path: Path, organisation: str, words: str) -> None:
    (said,) = suspected(tmp_path, GUID, organisation)

    assert words in said


def test_the_example_says_of_each_of_its_ids_that_it_is_one() -> None:
    (environment,) = load_environments(str(EXAMPLE))

    said = suspicions(environment)

    assert {line.split(" is ")[0] for line in said} == {
        "relay.partner_event_source",
        "destinations.journey.configuration_id",
        "destinations.journey.external_source_id",
    }


def test_an_address_that_nothing_uses_is_mentioned(tmp_path: Path) -> None:
    address = 'elastic_ip = { allocation = "eipalloc-0a1b2c3d", address = "203.0.113.7" }'
    path = tmp_path / "mine.toml"

    path.write_text(environment_text(address), encoding="utf-8")
    (unused,) = load_environments(str(path))
    assert any("elastic_ip has an effect only" in line for line in suspicions(unused))

    path.write_text(environment_text(address, "fixed_egress = true"), encoding="utf-8")
    (used,) = load_environments(str(path))
    assert not any("elastic_ip" in line for line in suspicions(used))
