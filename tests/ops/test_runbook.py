"""Every command that a document names exists, with its options; and those of the runbook do
something on a relay in trouble."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.sealing import encode
from lambdas.relay.review.cases import park
from ops.__main__ import main
from ops.connection import CLOCK
from tests.ops.conftest import Deployed, dead_letter_in
from tests.unit.batches import NOW_MS, sealed, sealed_event

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SOURCES = [ROOT / "environments" / "example.toml", *sorted((ROOT / "ops").rglob("*.py"))]
SOURCES += [*sorted((ROOT / "stacks").glob("*.py")), *sorted((ROOT / "lambdas").rglob("*.py"))]
#: a command between backticks, which may continue on the next line
INLINE = re.compile(r"`((?:bin/)?relay(?: [^`]*)?)`")
#: where a Python string continues on its next line
JOINT = re.compile(r'"\s*\n\s*f?"')
FENCED = re.compile(r"```(?:sh)?\n(.*?)```", re.DOTALL)
#: a line of a block, which a list may indent
LINE = re.compile(r"^ *((?:bin/)?relay .*)$", re.MULTILINE)
INDENTED = re.compile(r"^ {4}(?:bin/)?relay [a-z-]")

(BATCH,) = sealed([sealed_event("a", conversation="7f3b8c1e"), sealed_event("b")])
#: what replaces each placeholder, on the relay of these tests
PLACES = {
    "<begin>": iso(CLOCK.now_ms() - 3 * HOUR_S * 1000),
    "<end>": iso(CLOCK.now_ms() - HOUR_S * 1000),
    "<why>": "the contact list was deleted",
    "<that moment>": "2026-11-21T03:00Z",
    "<step 1>": "2026-11-21T04:00Z",
    "<name>": "production",
    "<file>": "event.json",
    "<request>": BATCH.batch_id,
    "<identity>": BATCH.events[0].identity,
    "<conversation>": BATCH.events[0].conversation_id,
    "<any id, or its beginning>": BATCH.batch_id[:8],
    "<id>": BATCH.batch_id,
}


def spoken(text: str) -> Iterator[str]:
    """The commands that a text names, as it names them."""
    for block in FENCED.findall(text):
        for line in LINE.findall(block):
            yield line.partition("#")[0].strip()
    rest = FENCED.sub("", text)
    for line in rest.splitlines():
        if INDENTED.match(line):
            yield line.strip()
    for said in INLINE.findall(rest):
        yield " ".join(said.split())


def arguments(command: str) -> list[str]:
    """A command as a person would type it for the relay of these tests."""
    for place, value in PLACES.items():
        command = command.replace(f'"{place}"', place).replace(place, f'"{value}"')
    return shlex.split(command)[1:]


NAMED = sorted(
    {
        (str(path.relative_to(ROOT)), command)
        for path in (*DOCUMENTS, *SOURCES)
        for command in spoken(JOINT.sub("", path.read_text("utf-8")))
    }
)


@pytest.mark.parametrize(("where", "command"), NAMED)
def test_a_command_that_is_named_exists(
    where: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Names are read before help is given, values are not.
    assert main([*arguments(command), "--help"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["relay gone", "relay status --gone", "relay dead-letters gone", "relay list --x=1"]
)
def test_a_command_that_does_not_exist_would_be_noticed(command: str) -> None:
    assert main([*arguments(command), "--help"]) == 2


@pytest.mark.parametrize(
    "text",
    [
        "`relay gone` says so",
        "```sh\nrelay gone   # why\n```",
        "1. first\n\n   ```\n   relay gone\n   ```",
        "order it:\n\n    relay gone\n\nand so on",
    ],
)
def test_a_command_is_found_wherever_documents_show_one(text: str) -> None:
    assert list(spoken(text)) == ["relay gone"]


def section_of(text: str, part: str) -> str:
    return re.split(r"\n#{2,3} ", text.split(f"\n{part}\n", 1)[1], maxsplit=1)[0]


ALARMS = re.findall(r"^### (\w+)$", section := RUNBOOK.read_text("utf-8"), re.MULTILINE)
#: these ask AWS or Genesys for what is not in this stack, or run until somebody ends them
ELSEWHERE = (
    "audit",
    "doctor",
    "replay-archive",
    "console",
    "relay try",
    "--watch",
)
OTHERS = ("## Look", "## Dead letters", "## Review", "### Deliver again on purpose")
STEPS = sorted(
    {
        command
        for part in [*(f"### {name}" for name in ALARMS), *OTHERS]
        for command in spoken(section_of(section, part))
        if not any(word in command for word in ELSEWHERE)
    }
)


@pytest.fixture
def in_trouble(relay: Deployed, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    """A request that Genesys refused, its dead letter, and one that a function could not read."""
    monkeypatch.setattr("ops.reading._ages", lambda _relay: {})
    claim(BATCH, relay.ledger, NOW_MS)
    reason = "429: the minute is used up"
    assert park(
        BATCH,
        "REJECTED",
        Code.QUOTED(reason),
        ledger=relay.ledger,
        vault=relay.vault,
        now_ms=NOW_MS,
    )
    dead_letter_in(relay, "writes", encode(BATCH), reason=reason, first_seen="2026-01-09T10:00:00Z")
    return relay


@pytest.mark.parametrize("command", STEPS)
def test_a_step_of_the_runbook_does_something(
    in_trouble: Deployed, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    given = arguments(command)
    if "discard" in given and BATCH.batch_id in given:
        listed = main(["dead-letters", "list", "--json"])
        assert listed == 0
        message = json.loads(capsys.readouterr().out)[0]["message_id"]
        given[given.index(BATCH.batch_id)] = message
    is_change = {"redrive", "discard", "resolve"} & set(given) and "--dry-run" not in given
    code = main([*given, *(["--yes"] if is_change else [])])
    said = capsys.readouterr()
    if "Missing " in said.err:
        return  # a sentence names the command, without its arguments

    # 1: something needs a person, as it does here
    assert code in (0, 1), said.err
    assert (code == 1) == (given[0] == "status")
    assert said.out.strip()
    assert said.err == ""


def test_each_alarm_begins_with_a_command_or_with_a_log() -> None:
    parts = {name: section_of(section, f"### {name}") for name in ALARMS}
    alarms = {name: part for name, part in parts.items() if "**It means**" in part}

    assert len(alarms) > 10
    assert [
        name
        for name, part in alarms.items()
        if not list(spoken(part)) and not re.search(r"\*\*Look\*\*[^*]*\blog\b", part)
    ] == []
