"""Whatever is wrong in an environment file gives a one-sentence error, before anything is built."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.kinds import KINDS
from stacks.configuration import ENVIRONMENTS, ConfigurationError, load_environments
from stacks.environment_document import Relay
from stacks.genesys_regions import GENESYS_DOMAINS
from stacks.schema.confirmations import Ask
from stacks.schema.destinations import Common, Key
from stacks.schema.identity import RULES
from stacks.schema.routes import RouteTable
from stacks.webhook_table import Webhook
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text


def write(directory: Path, text: str, name: str = "bad") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(references: object) -> str:
    with pytest.raises(ConfigurationError) as error:
        load_environments(str(references))
    return str(error.value)


EXAMPLE = (ENVIRONMENTS / "example.toml").read_text(encoding="utf-8")

#: a setting to uncomment has no space after its #; explanations have one
COMMENTED = re.compile(r"^#(?=[^ #\n])", re.MULTILINE)

#: the paragraphs of the example that hold such settings
BLOCKS = [text for text in EXAMPLE.split("\n\n") if COMMENTED.search(text)]


def without_region(text: str) -> str:
    """With hosts instead of the region that the example chooses."""
    return re.sub(r"^genesys_region", "#genesys_region", text, flags=re.MULTILINE)


def test_the_example_is_valid_and_safe_to_copy() -> None:
    (example,) = load_environments("example")

    assert example.document.relay.removal == "retain"


def test_the_example_has_every_key_that_the_code_knows() -> None:
    written = tomllib.loads(COMMENTED.sub("", EXAMPLE))
    destinations = list(written["destinations"].values())

    assert set(written["relay"]) == set(Relay.model_fields)
    assert set(written["webhook"]) == set(Webhook.model_fields)
    assert set(written["identity"].values()) == set(RULES)
    assert set().union(*written["routes"]) == set(RouteTable.model_fields)
    assert set().union(*destinations) >= set(Common.model_fields)
    assert set().union(*(row.get("key", {}) for row in destinations)) == set(Key.model_fields)
    said = (row.get("confirmation", {}) for row in destinations)
    assert set().union(*said) == set(Ask.model_fields)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_example_has_every_kind_with_all_its_own_settings(kind: Kind) -> None:
    written = tomllib.loads(COMMENTED.sub("", EXAMPLE))
    rows = [row for row in written["destinations"].values() if row["kind"] == kind.name]
    shown = {name: value for row in reversed(rows) for name, value in row.items()}

    assert set(shown) >= set(kind.settings)
    if kind.path_values:
        assert set(shown.get("path_values", {})) == set(kind.path_values)
    assert shown.get("max_items", kind.items) == kind.items, "the default is what is shown"


@pytest.mark.parametrize(
    "block", BLOCKS, ids=[COMMENTED.split(b)[1].split("\n")[0] for b in BLOCKS]
)
def test_each_commented_block_of_the_example_is_accepted(tmp_path: Path, block: str) -> None:
    text = EXAMPLE.replace(block, COMMENTED.sub("", block))
    assert text != EXAMPLE

    load_environments(
        str(write(tmp_path, without_region(text) if "api_url" in block else text, "copied"))
    )


def test_the_whole_example_uncommented_is_accepted(tmp_path: Path) -> None:
    text = without_region(COMMENTED.sub("", EXAMPLE))

    load_environments(str(write(tmp_path, text, "copied")))


def test_the_smallest_environment_has_the_documented_defaults(tmp_path: Path) -> None:
    (environment,) = load_environments(str(write(tmp_path, environment_text(), "least")))
    relay = environment.document.relay

    assert environment.name == "least"
    assert (relay.requests_per_minute, relay.writer_concurrency, relay.headroom) == (300, 6, 0)
    assert (relay.removal, relay.archive_days, relay.architecture) == ("retain", 14, "arm64")
    assert (relay.timing, relay.fixed_egress, relay.detail_types) == ("live", False, ())


@pytest.mark.parametrize(("region", "domain"), GENESYS_DOMAINS.items())
def test_a_region_decides_the_hosts(tmp_path: Path, region: str, domain: str) -> None:
    text = environment_text(genesys=f'genesys_region = "{region}"')
    relay = load_environments(str(write(tmp_path, text)))[0].document.relay

    assert relay.genesys_api_url == f"https://api.{domain}"
    assert relay.genesys_login_url == f"https://login.{domain}"


def test_the_hosts_can_be_named_instead(tmp_path: Path) -> None:
    text = environment_text(
        genesys='api_url = "http://127.0.0.1:8080"\nlogin_url = "http://127.0.0.1:8081"'
    )
    relay = load_environments(str(write(tmp_path, text)))[0].document.relay

    assert relay.genesys_api_url == "http://127.0.0.1:8080"
    assert relay.genesys_login_url == "http://127.0.0.1:8081"


def test_the_shortest_environment_of_the_readme_is_valid(tmp_path: Path) -> None:
    readme = (ENVIRONMENTS.parent / "README.md").read_text(encoding="utf-8")
    text = readme.partition("```toml\n")[2].partition("```")[0]

    (environment,) = load_environments(str(write(tmp_path, text)))

    assert len(text.splitlines()) == 8
    assert list(environment.configuration.destinations) == ["journey"]


def test_a_local_run_may_name_any_event_source(tmp_path: Path) -> None:
    text = environment_text("any_event_source = true", source="captured by hand")
    relay = load_environments(str(write(tmp_path, text)))[0].document.relay

    assert relay.partner_event_source == "captured by hand"


def test_the_functions_get_destinations_and_routes_as_written(tmp_path: Path) -> None:
    rest = DESTINATIONS_AND_ROUTES + 'item = { "größe" = "body.id" }\n'
    rest = rest.replace("journey-external-events", "generic")
    rest = "\n".join(line for line in rest.split("\n") if "_id =" not in line)
    (environment,) = load_environments(str(write(tmp_path, environment_text(rest=rest))))

    (route,) = json.loads(environment.functions_document)["routes"]
    assert route["item"]["größe"] == "body.id"
    assert "größe" in environment.functions_document


def test_the_functions_learn_how_events_are_known_and_what_senders_may_send(tmp_path: Path) -> None:
    text = environment_text() + (
        '\n[identity]\n"v2.routing.*" = "content-and-time"\n'
        '\n[webhook.types]\n"shop.example" = ["order.*"]\n'
    )
    (environment,) = load_environments(str(write(tmp_path, text)))

    read = environment.configuration

    assert read.reader.rules.stated == (("v2.routing.*", "content-and-time"),)
    assert read.sender_types == {"shop.example": ("order.*",)}


def _destination(line: str) -> str:
    """The environment with one more line in its destination."""
    return environment_text(rest=DESTINATIONS_AND_ROUTES.replace("\n\n[[", f"\n{line}\n\n[["))


def _route(**changes: str) -> str:
    row = {"name": '"all"', "destination": '"journey"', **changes}
    lines = "\n".join(f"{key} = {value}" for key, value in row.items() if value)
    return DESTINATIONS_AND_ROUTES.partition("[[routes]]")[0] + "[[routes]]\n" + lines + "\n"


BAD = {
    "not TOML": ("[relay", ["cannot be read as TOML"]),
    "no [relay]": (DESTINATIONS_AND_ROUTES, ["relay is missing", "a table [relay]"]),
    "no source": (
        '[relay]\ngenesys_region = "eu-west-1"\n' + DESTINATIONS_AND_ROUTES,
        ["relay.partner_event_source is missing", "aws.partner/genesys.com/cloud/"],
    ),
    "source is no partner source": (
        environment_text(source="my.app"),
        ['relay: partner_event_source is "my.app"', "aws.partner/genesys.com/cloud/"],
    ),
    "source without a suffix": (
        environment_text(source="aws.partner/genesys.com"),
        ['"aws.partner/genesys.com"'],
    ),
    "unknown setting": (
        environment_text("request_per_minute = 300"),
        ["relay.request_per_minute is not a known key", "requests_per_minute"],
    ),
    "unknown table": (
        environment_text() + "\n[monitoring]\nemail = 1\n",
        ["monitoring is not a known key", "destinations, identity, relay, routes"],
    ),
    "a secret": (
        environment_text('client_secret = "x"'),
        ["relay.client_secret is not a known key"],
    ),
    "unknown way to know an event": (
        environment_text() + '\n[identity]\n"v2.users.*" = "time"\n',
        ['identity."v2.users.*" is "time"', "own-id, content, content-and-time"],
    ),
    "sender that cannot be one": (
        environment_text() + '\n[webhook.types]\n"Shop" = ["*"]\n',
        ['webhook.types.Shop: "Shop" is not a valid sender', "1 to 64"],
    ),
    "unknown region": (
        environment_text(genesys='genesys_region = "eu-central-9"'),
        ['relay.genesys_region is "eu-central-9"', "eu-central-1"],
    ),
    "region and URL": (
        environment_text('api_url = "https://api.mypurecloud.de"'),
        ["relay: genesys_region", "either genesys_region or api_url and login_url"],
    ),
    "neither region nor URL": (environment_text(genesys=""), ["genesys_region is missing"]),
    "one URL": (
        environment_text(genesys='api_url = "https://api.mypurecloud.de"'),
        ["genesys_region is missing", "both api_url and login_url"],
    ),
    "plain HTTP": (
        environment_text(genesys='api_url = "http://api.mypurecloud.de"'),
        ['relay.api_url is "http://api.mypurecloud.de"', "https://"],
    ),
    "URLs that changed places": (
        environment_text(
            genesys='api_url = "https://login.mypurecloud.de"\n'
            'login_url = "https://api.mypurecloud.de"'
        ),
        ["api_url is", "Genesys Cloud has no api", "expected https://api.mypurecloud.de."],
    ),
    "URL of the web application": (
        environment_text(
            genesys='api_url = "https://apps.mypurecloud.de"\n'
            'login_url = "https://login.mypurecloud.de"'
        ),
        ["api_url is", "expected https://api.mypurecloud.de."],
    ),
    "URLs of two regions": (
        environment_text(
            genesys='api_url = "https://api.mypurecloud.com.au"\n'
            'login_url = "https://login.mypurecloud.com"'
        ),
        ["mypurecloud.com.au", "different regions of Genesys Cloud", "expected one domain"],
    ),
    "number as text": (
        environment_text('requests_per_minute = "300"'),
        ['relay.requests_per_minute is "300"', "a whole number from 1"],
    ),
    "no requests": (environment_text("requests_per_minute = 0"), ["is 0; expected"]),
    "more than a minute's wait": (
        environment_text("linger_s = 61"),
        ["relay.linger_s is 61", "a whole number of seconds from 0 to 60"],
    ),
    "one writer": (
        environment_text("writer_concurrency = 1"),
        ["relay.writer_concurrency is 1", "a whole number from 2 to 1000"],
    ),
    "detail-type with a real id": (
        environment_text(
            'detail_types = ["v2.detail.events.conversation.'
            '3fa85f64-5717-4562-b3fc-2c963f66afa6.acd.start"]'
        ),
        ["relay.detail_types[0] is", "the literal {id}"],
    ),
    "detail-type with a wildcard": (
        environment_text('detail_types = ["v2.detail.events.conversation.{id}.*"]'),
        [
            'relay.detail_types[0]: "v2.detail.events.conversation.{id}.*" contains a *',
            "EventBridge compares literally",
            '"v2.detail.events.conversation.{id}.acd.start"',
            "leave detail_types out",
        ],
    ),
    "detail-types as text": (
        environment_text('detail_types = "v2.presence"'),
        ['relay.detail_types is "v2.presence"', "a list of detail-types"],
    ),
    "short account": (
        environment_text('account = "1234"'),
        ['relay.account is "1234"', "12 digits"],
    ),
    "account as number": (environment_text("account = 123456789012"), ["in quotes"]),
    "region of no cloud": (environment_text('region = "Frankfurt"'), ["eu-central-1"]),
    "removal": (
        environment_text('removal = "keep"'),
        ['relay.removal is "keep"', '"retain" or "destroy"'],
    ),
    "log retention": (
        environment_text("log_retention_days = 31"),
        ["relay.log_retention_days is 31", "30, 60"],
    ),
    "true for a number of days": (
        environment_text("log_retention_days = true"),
        ["relay.log_retention_days is true", "30, 60"],
    ),
    "line break in a value": (
        environment_text(source="a\\nb"),
        ['relay: partner_event_source is "a b"', "aws.partner/genesys.com/cloud/"],
    ),
    "line break in a name": (
        environment_text('"head\\nroom" = 1'),
        [r'relay."head\nroom" is not a known key'],
    ),
    "archive": (environment_text("archive_days = 0"), ["relay.archive_days is 0"]),
    "e-mail": (environment_text('alarm_email = "ops"'), ['"ops"', "an e-mail address"]),
    "key by alias": (
        environment_text('kms_key_arn = "alias/mine"'),
        ["relay.kms_key_arn", "alias/mine", "the ARN of a KMS key"],
    ),
    "egress": (environment_text('fixed_egress = "yes"'), ['"yes"', "true or false"]),
    "architecture": (
        environment_text('architecture = "arm"'),
        ['relay.architecture is "arm"', '"arm64" or "x86_64"'],
    ),
    "timing": (environment_text('timing = "fast"'), ['"live", or "rehearsal"']),
    "no destinations": (
        environment_text(rest='[[routes]]\nname = "all"\ndestination = "journey"\n'),
        ["destinations is missing", "[destinations.<name>]"],
    ),
    "empty destinations": (
        environment_text(rest='[destinations]\n[[routes]]\nname = "a"\ndestination = "b"\n'),
        ["destinations is {}", "at least one table"],
    ),
    "destination's name": (
        environment_text(rest=DESTINATIONS_AND_ROUTES.replace("journey]", '"My Journey"]')),
        ['destinations."My Journey" is', "lower-case letters"],
    ),
    "destination without a kind": (
        environment_text(rest=DESTINATIONS_AND_ROUTES.replace("kind =", "sort =")),
        ["destinations.journey.kind is missing"],
    ),
    "destination of an unknown kind": (
        environment_text(rest=DESTINATIONS_AND_ROUTES.replace("journey-external", "journal")),
        ["destinations.journey.kind is", "journey-external-events"],
    ),
    "destination that lacks its own parameter": (
        environment_text(rest=DESTINATIONS_AND_ROUTES.replace("configuration_id", "id")),
        ["destinations.journey", "configuration_id"],
    ),
    "unknown policy": (
        environment_text(
            rest=DESTINATIONS_AND_ROUTES.replace("\n\n[[", '\nunknown = "retry"\n\n[[')
        ),
        ['destinations.journey.unknown is "retry"', '"repost" or "manual"'],
    ),
    "unknown key of a destination": (
        _destination('unkown = "manual"'),
        [
            "destinations.journey.unkown is not a known key",
            "item, key, kind, max_items, requests_per_minute, unknown",
        ],
    ),
    "key of another kind": (
        _destination('path = "/api/v2/x"'),
        ["destinations.journey.path is not a known key", "configuration_id"],
    ),
    "unknown key of a key": (
        _destination("key = { honored_hours = 24 }"),
        ["destinations.journey.key.honored_hours is not", "honoured_hours, repeat_answers_409"],
    ),
    "yes for true": (
        _destination('key = { honoured_hours = 24, checked_first = "yes" }'),
        ['destinations.journey.key.checked_first is "yes"', "expected true or false"],
    ),
    "unknown key of a confirmation": (
        _destination('confirmation = { match = "entity", topics = ["t"], truht = "/api/{key}" }'),
        ["destinations.journey.confirmation.truht is not", "topics, truth, window_s"],
    ),
    "key honoured for ever": (
        _destination("key = { honoured_hours = inf }"),
        ["destinations.journey.key.honoured_hours is inf", "a finite number"],
    ),
    "key honoured for no number": (
        _destination("key = { honoured_hours = nan }"),
        ["destinations.journey.key.honoured_hours is nan", "a finite number"],
    ),
    "key honoured too long to count": (
        _destination("key = { honoured_hours = 1e308 }"),
        ["destinations.journey.key.honoured_hours is 1e+308", "from 0 to 8784"],
    ),
    "number without end in an item": (
        environment_text(rest=_route(item="{ value = inf }")),
        ["routes[0].item.value is inf", "a finite number"],
    ),
    "number that JSON cannot be written with": (
        environment_text(rest=_route(item=f"{{ value = 0x1{'0' * 5000} }}")),
        ["routes[0].item.value", "64 bits"],
    ),
    "number of too many digits": (
        environment_text(f"archive_days = 1{'0' * 5000}"),
        ["cannot be read as TOML"],
    ),
    "date": (
        _destination("max_items = 2026-01-09"),
        ["destinations.journey.max_items is 2026-01-09", "in quotes"],
    ),
    "deep list": (
        environment_text(rest=_route(item=f"{{ a = {'[' * 100}{']' * 100} }}")),
        ["routes[0].item", "nested more than 64 levels deep"],
    ),
    "bottomless list": (
        environment_text(rest=_route(item=f"{{ a = {'[' * 5000}{']' * 5000} }}")),
        ["nested too deeply"],
    ),
    "bottomless table": (
        environment_text() + f"[{'.'.join('a' * 3000)}]\n",
        ["a.a.a", "nested more than 64 levels deep"],
    ),
    "bottomless expression": (
        environment_text(rest=_route(item=f'{{ id = "{"!" * 5000}a" }}')),
        ["routes[0].item.id", "nested more than 100 levels deep", "!!!…"],
    ),
    "no routes": (
        environment_text(rest=DESTINATIONS_AND_ROUTES.partition("[[routes]]")[0]),
        ["routes is missing", "at least one table [[routes]]"],
    ),
    "route without a name": (
        environment_text(rest=_route(name="")),
        ["routes[0].name is missing"],
    ),
    "route to nowhere": (
        environment_text(rest=_route(destination='"jorney"')),
        ['routes[0].destination is "jorney"', "journey"],
    ),
    "two routes of one name": (
        environment_text() + '[[routes]]\nname = "all"\ndestination = "journey"\n',
        ["the name 'all' is used twice among the routes", "a name of its own"],
    ),
    "route without topics": (
        environment_text(rest=_route(topics="[]")),
        ["routes[0].topics is []", 'such as ["*"]'],
    ),
    "unknown key of a route": (
        environment_text(rest=_route(topic='["*"]')),
        ["routes[0].topic is not a known key", "topics"],
    ),
    "a queue of another region": (
        environment_text(
            'region = "eu-west-1"',
            rest=_route(destination='"stream"')
            + '[destinations.stream]\nkind = "queue"\n'
            + 'arn = "arn:aws:sqs:eu-central-1:123456789012:orders"\n',
        ),
        ["destinations.stream.arn is of region eu-central-1", "relay.region is eu-west-1"],
    ),
    "a delivery stream of another account": (
        environment_text(
            'account = "210987654321"',
            rest=_route(destination='"lake"')
            + '[destinations.lake]\nkind = "firehose"\n'
            + 'arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake"\n',
        ),
        ["destinations.lake.arn is of account 123456789012", "relay.account is 210987654321"],
    ),
    "item that is no expression": (
        environment_text(rest=_route(item='{ id = "eventBody[" }')),
        ["routes[0].item", "eventBody["],
    ),
}


@pytest.mark.parametrize(("text", "parts"), BAD.values(), ids=BAD)
def test_a_bad_file_gives_one_sentence(tmp_path: Path, text: str, parts: list[str]) -> None:
    path = write(tmp_path, text)

    sentence = complaint(path)

    assert sentence.startswith(f"{path}: ")
    assert "\n" not in sentence
    for part in parts:
        assert part in sentence


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_text(environment_text(), encoding="utf-8-sig")

    assert load_environments(str(path))


def test_a_file_that_does_not_exist_is_named_with_those_that_do() -> None:
    assert complaint("nowhere") == (
        "environments/nowhere.toml: there is no such file; environments/ contains: example."
    )


@pytest.mark.parametrize("name", ["Production", "my_env", "a--b", "9", "x" * 31])
def test_a_name_that_no_stack_can_have_is_refused(tmp_path: Path, name: str) -> None:
    assert "the file's name is the environment's name" in complaint(
        write(tmp_path, environment_text(), name)
    )


@pytest.mark.parametrize("nothing", ["", " ", ","])
def test_no_environment_gives_a_sentence_too(nothing: str) -> None:
    assert complaint(nothing).startswith("no environment is chosen")


def test_two_environments_may_not_share_a_partner_source(tmp_path: Path) -> None:
    first = write(tmp_path, environment_text(), "first")
    second = write(tmp_path, environment_text(), "second")

    sentence = complaint(f"{first},{second}")
    assert "relay.partner_event_source" in sentence
    assert str(first) in sentence
    assert str(second) in sentence


def test_two_environments_may_not_share_a_name(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    one = write(tmp_path, environment_text(), "same")
    two = write(tmp_path / "other", environment_text(source="aws.partner/g/c/o"), "same")

    assert 'is also called "same"' in complaint(f"{one},{two}")


@pytest.mark.parametrize("more", ["", "any_event_source = true"])
def test_a_copy_beside_an_environment_blocks_nothing(tmp_path: Path, more: str) -> None:
    text = environment_text(more)
    for name in ("today-copy", "today copy"):
        write(tmp_path, text, name)

    assert load_environments(str(write(tmp_path, text, "today")))


def test_more_detail_types_than_a_pattern_holds_give_one_sentence(tmp_path: Path) -> None:
    names = [f"v2.detail.events.conversation.{{id}}.thing{n}" for n in range(60)]

    sentence = complaint(
        write(tmp_path, environment_text(f"detail_types = {json.dumps(names)}"), "many")
    )

    assert "detail_types lists 60 names, which make a pattern of 2" in sentence
    assert "but EventBridge allows 2048; list fewer, or none" in sentence


def test_a_webhook_has_these_limits_unless_others_are_configured() -> None:
    webhook = Webhook()

    assert webhook.replay_window_s == 300
    assert (webhook.requests_per_second, webhook.burst) == (50, 100)
    assert webhook.sender_requests_per_minute == 3_000
