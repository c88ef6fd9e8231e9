"""Environment files with slips that people make: refused if the slip is certain, reported if it is
only probable, and in both cases in one sentence with the place."""

from pathlib import Path

import pytest

from stacks.configuration import ENVIRONMENTS, ConfigurationError, choice, load_environments
from stacks.suspicions import suspicions
from tests.stacks.environments import environment_text

GUID = "7c0b1b2e-5c0f-4b8e-9b59-0a4f3f0e6a11"
SOURCE = f"aws.partner/genesys.com/cloud/{GUID}/relay"
JOURNEY = f'kind = "journey-external-events"\nconfiguration_id = "{GUID}"'
STEPS = f'{JOURNEY}\nexternal_source_id = "{GUID}"'
ATTRIBUTES = 'kind = "participant-attributes"'
MESSAGES = 'kind = "conversations"\npath = "/api/v2/conversations/messages/agentless"'
METRICS = 'kind = "external-metrics"'


def relay(*settings: str, **more: str) -> str:
    rest = f'[destinations.there]\n{STEPS}\n[[routes]]\nname = "all"\ndestination = "there"\n'
    return environment_text(*settings, source=SOURCE, rest=rest, **more)


def hosts(api: str, login: str = "https://login.mypurecloud.de") -> str:
    return relay(genesys=f'api_url = "{api}"\nlogin_url = "{login}"')


def there(destination: str, *route: str) -> str:
    lines = "\n".join(route)
    rest = f'[destinations.there]\n{destination}\n[[routes]]\nname = "all"\ndestination = "there"\n'
    return environment_text(source=SOURCE, rest=f"{rest}{lines}\n")


def topics(*names: str) -> str:
    return there(STEPS, f"topics = {list(names)}")


REFUSED = {
    "a number for an id": (
        topics("v2.detail.events.conversation.12345.acd.end"),
        'routes[0].topics[0]: "v2.detail.events.conversation.12345.acd.end" matches nothing: Gen',
    ),
    "a short id": (
        topics("v2.detail.events.conversation.abc1.acd.end"),
        "Genesys writes v2.detail.events.conversation.{id}.acd.end, with {id} in place of abc1",
    ),
    "a queue's name": (
        topics("v2.routing.queues.support.users"),
        "Genesys writes v2.routing.queues.{id}.users, with {id} in place of support; a condition",
    ),
    "a user's name": (
        topics("v2.users.ada.*"),
        '"v2.users.ada.*" matches nothing: Genesys writes v2.users.{id}.',
    ),
    "one id of two": (
        topics("v2.audits.entitytype.queue.entityid.{id}"),
        "Genesys writes v2.audits.entitytype.{id}.entityid.{id}, with {id} in place of queue",
    ),
    "a queue's name, in detail_types": (
        relay('detail_types = ["v2.routing.queues.support.users"]'),
        "relay.detail_types[0]:",
    ),
    "angle brackets": (topics("v2.users.<id>.presence"), "Genesys writes {id}, not <id>"),
    "square brackets": (topics("v2.users.[id].presence"), "Genesys writes {id}, not [id]"),
    "a variable": (topics("v2.users.$id.presence"), "not $id"),
    "a question mark": (topics("v2.users.?.presence"), "not ?"),
    "braces of another width": (topics("v2.users.\uff5bid\uff5d.presence"), "not \uff5bid\uff5d"),
    "capitals in braces": (topics("v2.users.{ID}.presence"), "not {ID}"),
    "an id in braces": (topics(f"v2.users.{{{GUID}}}.presence"), "has {id} where an event's topic"),
    "a dot too many": (topics("v2.users..{id}.presence"), "it has a dot too many"),
    "a dot at the end": (topics("v2.users.{id}.presence."), "it has a dot too many"),
    "a name for an id, in detail_types": (
        relay('detail_types = ["v2.users.{userId}.presence"]'),
        'relay.detail_types[0]: "v2.users.{userId}.presence" matches nothing: Genesys writes',
    ),
    "a number, in detail_types": (relay('detail_types = ["v2.users.12.presence"]'), "not 12"),
    "capitals, in detail_types": (relay('detail_types = ["V2.users.{id}.x"]'), "in lower case"),
    "a blank, in detail_types": (relay('detail_types = ["v2.users.{id}.x "]'), "a space"),
    "an id, in identity": (
        f'{relay()}\n[identity]\n"v2.users.{GUID}.presence" = "content"\n',
        "matches nothing: a detail-type has {id}",
    ),
    "a root in a function": (
        there(ATTRIBUTES, """item.attributes.a = "join('-', [eventBody.a])" """),
        "an event has no eventBody: the content of an event is under body",
    ),
    "a root in a multiselect": (
        there(ATTRIBUTES, 'item.attributes.a = "{a: detail.x}"'),
        "an event has no detail: the content of an event is under body",
    ),
    "a root in a condition": (
        there(ATTRIBUTES, 'item.attributes.a = "id"', "when = \"eventBody.x == 'a'\""),
        "routes[0].when is",
    ),
    "a constant without quotes": (
        there(ATTRIBUTES, 'item.attributes.a = "gold"'),
        "write a constant string in single quotes",
    ),
    "an id of dots": (
        there(STEPS.replace(GUID, "..", 1)),
        "destinations.there.configuration_id: configuration_id is not a valid id",
    ),
    "a word of a path": (there(STEPS.replace(GUID, "schemas", 1)), "a word in Genesys' own paths"),
    "attributes of nothing": (there(ATTRIBUTES, "item = { attributes = {} }"), "no attributes"),
    "a metric of nothing": (
        there(METRICS, 'item = { userId = "body.u", dateOccurred = "body.d", value = "body.v" }'),
        "gives no metricId",
    ),
    "half an hour": (
        there(f"{STEPS}\nkey.honoured_hours = 0.5"),
        "honoured_hours is 0.5, which has no effect",
    ),
    "an hour": (there(f"{STEPS}\nkey.honoured_hours = 1"), "honoured_hours is 1, which has no"),
    "true for hours": (there(f"{STEPS}\nkey.honoured_hours = true"), "is true; expected a number"),
    "a host behind a user": (hosts("https://api.mypurecloud.de@evil.example"), "expected a URL"),
    "a host with a path": (hosts("https://api.mypurecloud.de/api/v2"), "expected a URL"),
    "different regions of Genesys Cloud": (
        hosts("https://api.mypurecloud.ie"),
        "api_url is of mypurecloud.ie and login_url of mypurecloud.de",
    ),
    "a topic of another region": (
        relay(
            'region = "eu-central-1"', 'alarm_topic_arn = "arn:aws:sns:us-east-1:123456789012:a"'
        ),
        'and region is "eu-central-1"; expected one of that region',
    ),
    "a key of another region": (
        relay(
            'region = "eu-central-1"',
            f'kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/{GUID}"',
        ),
        "kms_key_arn is",
    ),
    "quotes of a word processor": (relay("removal = \u201cretain\u201d"), "cannot be read as TOML"),
    "one key twice": (relay("linger_s = 2", "linger_s = 3"), "cannot be read as TOML"),
    "another language": ("relay:\n  region: x\n", "cannot be read as TOML"),
    "nothing": ("", "destinations is missing"),
}

SUSPECTED = {
    "a topic that nobody knows": (
        topics("v2.users.{id}.presences"),
        "routes[0].topics has 'v2.users.{id}.presences', a topic of Genesys that is not known of",
    ),
    "a word where the id comes last": (
        topics("v2.outbound.campaigns.spring"),
        "compare it with those that the integration shows",
    ),
    "no id": (topics("v2.detail.events.conversation.acd.end"), "Genesys has no such topic"),
    "event for events": (topics("v2.detail.event.conversation.{id}.acd.end"), "no such topic"),
    "ended for end": (topics("v2.detail.events.conversation.{id}.acd.ended"), "no such topic"),
    "operational": (topics("v2.operational.events"), "v2.operations.events.{id}."),
    "a body in a body": (
        there(ATTRIBUTES, 'item.attributes.a = "body.eventBody.x"'),
        "routes[0].item.attributes.a is 'body.eventBody.x', and body is the eventBody",
    ),
    "a host that is nobody's": (
        hosts("https://api.mypurecloud.con"),
        "relay.api_url is 'https://api.mypurecloud.con', a host of no region",
    ),
    "a login elsewhere": (
        hosts("https://api.mypurecloud.de", "https://login.example.com"),
        "relay.login_url is 'https://login.example.com', a host of no region",
    ),
    "a name for an id": (
        there(STEPS.replace(GUID, "my-steps", 1)),
        "destinations.there.configuration_id is 'my-steps', which is not a GUID",
    ),
    "a placeholder": (there(STEPS.replace(GUID, "<id>", 1)), "is '<id>', which is not a GUID"),
    "braces around an id": (there(STEPS.replace(GUID, f"{{{GUID}}}", 1)), "which is not a GUID"),
    "nothing but noughts": (
        there(STEPS.replace(GUID, "00000000-0000-0000-0000-000000000000", 1)),
        "which comes from the example or is made up",
    ),
    "a message to no service": (
        there(MESSAGES, 'item = { toAddress = "body.to" }'),
        "gives no toAddressMessengerType, which Genesys requires there",
    ),
    "a metric of nobody": (
        there(
            METRICS,
            f"""item = {{ metricId = "'{GUID}'", dateOccurred = "body.d", value = "body.v" }}""",
        ),
        "names no user; Genesys' SDK has userId, userEmail",
    ),
    "a number for a text": (
        there(ATTRIBUTES, "item.attributes.a = 5"),
        "gives attributes.a 5, where Genesys' SDK has a text",
    ),
    "conversations elsewhere": (
        there('kind = "conversations"\npath = "/api/v2/users"', 'item.x = "body.x"'),
        "under /api/v2/conversations/",
    ),
    "a path without its beginning": (
        there('kind = "generic"\npath = "/v2/x"'),
        "destinations.there.path is '/v2/x'; expected a path under /api/v2/",
    ),
    "the path of the tutorials": (
        there('kind = "generic"'),
        "which Genesys Cloud itself does not have",
    ),
}


def write(folder: Path, text: str) -> Path:
    path = folder / "odd.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_certainly_a_slip_is_refused_in_one_sentence(
    tmp_path: Path, text: str, words: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as error:
        load_environments(str(path))
    sentence = str(error.value)
    assert sentence.startswith(f"{path}: ")
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 600


@pytest.mark.parametrize(("text", "words"), SUSPECTED.values(), ids=SUSPECTED)
def test_what_is_probably_a_slip_is_reported(tmp_path: Path, text: str, words: str) -> None:
    (environment,) = load_environments(str(write(tmp_path, text)))
    (line,) = suspicions(environment)
    assert words in line


@pytest.mark.parametrize(
    "text",
    [
        topics("v2.detail.events.*", "v2.operations.*", "v2.detail.events.conversation.{id}.a*"),
        topics("v2.*", "*.acd.end", "order.12", "Order/Created 7", "v2.users.{id}.conversations.*"),
        topics("v2.audits.entitytype.{id}.entityid.{id}", "v2.routing.queues.{id}.users"),
        there(ATTRIBUTES, """item.attributes = { orderId = "'a'", b = "body.detail" }"""),
        relay('tags = { team = "a" }').replace("\n", "\r\n"),
        hosts("https://API.mypurecloud.de"),
    ],
)
def test_what_only_looks_odd_is_not_reported(tmp_path: Path, text: str) -> None:
    (environment,) = load_environments(str(write(tmp_path, text)))
    assert suspicions(environment) == []


def test_a_file_is_found_wherever_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "mine, too"
    folder.mkdir()

    (environment,) = load_environments(str(write(folder, topics("order.*"))))

    assert environment.name == "odd"


def test_the_folders_of_the_checkout_are_not_told_to_cdk() -> None:
    """Its command line cuts at an equals sign."""
    assert choice(ENVIRONMENTS / "example.toml") == "environment=environments/example.toml"
