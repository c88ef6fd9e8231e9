"""`relay setup journey` and the doctor's look at it, against the simulated Genesys Cloud."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from lambdas.relay.destinations import journey
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Answer, Unanswered
from ops import setup_journey
from ops.__main__ import main
from ops.errors import OpsError
from ops.genesys_probe import Caller, NoToken, token_of
from ops.setup_journey import TO_MAKE, Wanted, looked_at, outlook, set_up
from simulator.faults import NONE
from simulator.messages import Request
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID, SCHEMA_ID
from simulator.platform import GenesysPlatform
from stacks.configuration import load_environments
from tests.simulator.world import World
from tests.unit.simulated import Simulated

WANTED = Wanted("crm", "Customer steps", tuple(journey.ATTRIBUTES))


@dataclass
class Wire:
    """The simulator behind the port of HTTP."""

    platform: GenesysPlatform

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | Unanswered:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        request = Request(method, parts.path, query, headers, body or b"")
        answer = self.platform.handle(request)
        return Answer(answer.status, answer.headers, answer.body)


def caller_of(world: World | Simulated) -> Caller:
    wire = Wire(world.platform)
    token = token_of(wire, "https://login.simulated", CLIENT_ID, CLIENT_SECRET)
    return Caller(wire, "https://api.simulated", token)


def made(world: World) -> int:
    return sum(entry.method != "GET" for entry in world.platform.record.requests) - 2  # logins


def test_without_apply_nothing_is_made() -> None:
    world = World(NONE)
    steps = list(set_up(caller_of(world), WANTED, apply=False))
    assert [step.id for step in steps] == ["", "", "", ""]
    assert made(world) == 0


def test_what_is_missing_is_made_once_and_found_again() -> None:
    world = World(NONE)
    first = list(set_up(caller_of(world), WANTED, apply=True))
    assert all(step.made and step.id for step in first)
    again = list(
        set_up(Caller(Wire(world.platform), "https://x", world.bearer[7:]), WANTED, apply=True)
    )
    assert [step.id for step in again] == [step.id for step in first]
    assert not any(step.made for step in again)
    assert made(world) == 4


def test_what_is_missing_among_many_is_found_page_by_page() -> None:
    world = World(NONE)
    sources = world.platform.org.external_sources
    sources |= {f"s{n}": {"id": f"s{n}", "name": "crm and more"} for n in range(250)}
    sources["mine"] = {"id": "mine", "name": "crm", "active": True}
    configurations = world.platform.org.configurations
    copies = {f"c{n}": {"id": f"c{n}", "schemaId": "other"} for n in range(250)}
    last = configurations.pop(CONFIGURATION_ID)
    configurations |= copies | {CONFIGURATION_ID: last}
    wanted = replace(WANTED, title="Relayed events", attributes=())
    steps = list(set_up(caller_of(world), wanted, apply=False))
    assert [step.id for step in steps] == ["mine", SCHEMA_ID, CONFIGURATION_ID, SCHEMA_ID]


def test_the_lines_that_it_prints_are_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(NONE)
    monkeypatch.setattr(setup_journey, "operators_http", lambda: Wire(world.platform))
    monkeypatch.setenv("GENESYS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GENESYS_CLIENT_SECRET", CLIENT_SECRET)
    example = Path(__file__).parents[2] / "environments" / "example.toml"
    assert main(["setup", "journey", "--apply", "-e", str(example)]) == 0
    printed = capsys.readouterr().out
    lines = printed[printed.index("[destinations.journey]") :]
    head = '[relay]\npartner_event_source = "aws.partner/genesys.com/cloud/x/y"\n'
    head += 'genesys_region = "eu-central-1"\n'
    route = '\n[[routes]]\nname = "steps"\ndestination = "journey"\ntopics = ["order.*"]\n'
    written = tmp_path / "mine.toml"
    written.write_text(head + lines + route, "utf-8")
    (loaded,) = load_environments(str(written))
    there = loaded.document.destinations["journey"]
    caller = Caller(Wire(world.platform), "https://x", world.bearer[7:])
    item = journey.item_of(str(there["external_source_id"]))
    assert looked_at(caller, str(there["configuration_id"]), item) == '"Customer steps"'


def run(monkeypatch: pytest.MonkeyPatch, world: World, *options: str) -> int:
    monkeypatch.setattr(setup_journey, "operators_http", lambda: Wire(world.platform))
    monkeypatch.setenv("GENESYS_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("GENESYS_CLIENT_SECRET", CLIENT_SECRET)
    example = Path(__file__).parents[2] / "environments" / "example.toml"
    return main(["setup", "journey", *options, "-e", str(example)])


def another_schema(world: World) -> None:
    document = {"title": "Customer steps", "properties": {"colour": {"type": "string"}}}
    world.post("/api/v2/journey/externalevents/schemas", document)


def a_sleeping_source(world: World) -> None:
    made = {"name": "Customers", "active": False}
    world.post("/api/v2/externalcontacts/externalsources", made)


def a_sleeping_configuration(world: World) -> None:
    list(set_up(caller_of(world), replace(WANTED, external_source="Customers"), apply=True))
    for configuration in world.platform.org.configurations.values():
        configuration["divisionIdActive"] = False


@pytest.mark.parametrize(
    ("there", "says"),
    [
        (another_schema, "The schema 'Customer steps' exists, but lacks type, source, "),
        (a_sleeping_source, "The External Source Customers is not active: activate it"),
        (a_sleeping_configuration, "The division of the configuration Customer steps is not"),
    ],
)
def test_what_is_found_but_useless_is_reported_and_no_lines_are_printed(
    there: Callable[[World], None],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(NONE)
    there(world)
    for _ in range(2):
        assert run(monkeypatch, world, "--apply") == 2
        told = capsys.readouterr()
        assert says in told.err
        assert "[destinations.journey]" not in told.out


def test_it_says_what_it_would_make_and_makes_it_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(NONE)
    assert run(monkeypatch, world) == 0
    assert capsys.readouterr().out.count("missing; --apply makes it") == 4
    assert made(world) == 0
    assert run(monkeypatch, world, "--apply") == 0
    assert capsys.readouterr().out.count("made") == 4
    assert run(monkeypatch, world, "--apply") == 0
    assert capsys.readouterr().out.count("found") == 4
    assert made(world) == 4 + 2  # logins


def test_without_credentials_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in setup_journey.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert main(["setup", "journey"]) == 2
    assert "GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET" in capsys.readouterr().err


def broken(world: World, what: str) -> None:
    org = world.platform.org
    match what:
        case "configuration":
            org.configurations.clear()
        case "schema":
            org.configurations[CONFIGURATION_ID]["schemaActive"] = False
        case "source":
            org.external_sources.clear()
        case "sleeping source":
            org.external_sources[EXTERNAL_SOURCE_ID]["active"] = False
        case "activation":
            org.event_definitions[SCHEMA_ID]["activationStatus"] = "Deactivated"
        case "error":
            org.event_definitions[SCHEMA_ID]["systemStatus"] = "Error"
        case "licence":
            world.platform.conduct = replace(NONE, unlicensed=True)
        case _:
            world.platform.conduct = replace(NONE, forbidden=(what,))


def lacking(*permissions: str) -> World:
    world = World(NONE)
    world.control("POST", "role", {"lacks": permissions})
    return world


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("configuration", "404 not.found External events configuration not found"),
        ("schema", "schema of the configuration Relayed events is not active"),
        ("source", "404 not.found External source not found"),
        ("sleeping source", "External Source Shop is not active"),
        ("activation", "Journeys do not show events of Relayed events"),
        ("error", "Genesys reports an error of its own"),
        ("licence", "not licensed.*CX 4"),
        (
            "journey-configuration",
            "permissions assigned: .journey:externalEventsConfiguration:view.*role",
        ),
    ],
)
def test_what_is_wrong_with_a_journey_is_reported(what: str, says: str) -> None:
    world = World(NONE)
    caller = caller_of(world)
    item = [journey.item_of(EXTERNAL_SOURCE_ID)]
    assert looked_at(caller, CONFIGURATION_ID, item) == '"Relayed events"'
    broken(world, what)
    with pytest.raises(OpsError, match=says):
        looked_at(caller, CONFIGURATION_ID, item)


def test_a_permission_missing_for_the_set_up_is_named() -> None:
    caller = caller_of(lacking("externalContacts:externalSource:add"))
    with pytest.raises(OpsError, match="externalContacts:externalSource:add"):
        list(set_up(caller, WANTED, apply=True))


def test_a_dry_run_says_what_could_not_be_made() -> None:
    for step in set_up(caller_of(World(NONE)), WANTED, apply=False):
        permission = TO_MAKE[step.what]
        assert outlook(caller_of(World(NONE)), step) == "missing; --apply makes it"
        says = outlook(caller_of(lacking(permission)), step)
        assert says.startswith(f"missing; the client's roles lack {permission}")
        silent = World(NONE)
        silent.platform.conduct = replace(NONE, forbidden=("grants",))
        assert f"needs {permission} (not examined: " in outlook(caller_of(silent), step)


def test_a_refused_login_is_reported_in_genesys_words() -> None:
    with pytest.raises(NoToken, match="no token: 4"):
        token_of(Wire(World(NONE).platform), "https://login.simulated", CLIENT_ID, "wrong")


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[]", b"{}", b'{"access_token": 1}'])
def test_a_login_that_gives_no_token_gives_one_sentence(body: bytes) -> None:
    class Page:
        def send(self, *request: Any) -> Answer:
            return Answer(200, {}, body)

    with pytest.raises(NoToken, match="answers 200 without a token"):
        token_of(Page(), "https://login.simulated", CLIENT_ID, CLIENT_SECRET)


FOREIGN = [
    b'{"message": "Endpoint request timed out"}',
    b"<html>Please sign in</html>",
    b"[]",
    b'"OK"',
    b"[" * 5_000,
]


@pytest.mark.parametrize("body", FOREIGN, ids=lambda body: repr(body[:12]))
def test_an_answer_that_is_no_document_makes_nothing(body: bytes) -> None:
    """An error under 200 is no empty list: otherwise everything would be made a second time."""
    world = World(NONE)
    wire = Wire(world.platform)

    class Foreign:
        def send(self, method: str, url: str, headers: Any, sent: bytes | None) -> Any:
            answer = wire.send(method, url, headers, sent)
            assert isinstance(answer, Answer)
            return replace(answer, status=200, body=body) if method == "GET" else answer

    token = token_of(wire, "https://login.simulated", CLIENT_ID, CLIENT_SECRET)
    before = made(world)
    with pytest.raises(OpsError, match="check the API host"):
        list(set_up(Caller(Foreign(), "https://api.simulated", token), WANTED, apply=True))
    assert made(world) == before


@pytest.mark.parametrize("id_", ["..", "a/b", "schemas", ""])
def test_what_is_no_id_is_not_asked_for(id_: str) -> None:
    world = World(NONE)
    caller = caller_of(world)
    before = len(world.platform.record.requests)
    with pytest.raises(Malformed, match="id"):
        looked_at(caller, id_, {})
    assert len(world.platform.record.requests) == before


@pytest.mark.parametrize(
    "expression", ["body.source", f"body.source || '{EXTERNAL_SOURCE_ID}'", "`1`"]
)
def test_only_a_constant_names_an_external_source(expression: str) -> None:
    ids = {"externalIds": [{"value": "identity", "externalSourceId": expression}]}
    caller = caller_of(World(NONE))

    assert looked_at(caller, CONFIGURATION_ID, {"identifiers": ids}) == '"Relayed events"'


@pytest.mark.parametrize("constant", [f"'{CONFIGURATION_ID}'", f'`"{CONFIGURATION_ID}"`'])
def test_a_constant_that_names_none_is_reported(constant: str) -> None:
    ids = {"externalIds": [{"value": "identity", "externalSourceId": constant}]}

    with pytest.raises(OpsError, match="External source not found"):
        looked_at(caller_of(World(NONE)), CONFIGURATION_ID, {"identifiers": ids})
