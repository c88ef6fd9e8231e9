"""What people read follows the code: whoever changes the code learns which texts to change."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import Session

from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.kernel import vault_keys
from lambdas.relay.kernel.limits import CLAIM_TTL_S, DAY_S, HORIZON_S

ROOT = Path(__file__).resolve().parent.parent
#: `tests/unit/test_x.py`, `test_x.py`, `tests/ops/console/`, each perhaps with `::test_of_it`
NAMED_TEST = re.compile(r"`(tests/[\w/]+/|(?:tests/[\w/]+/)?test_\w+\.py)(?:::(\w+))?`")
CLAIM_DAYS = CLAIM_TTL_S // DAY_S
HORIZON_DAYS = HORIZON_S // DAY_S


def test_readme_says_which_topics_confirm_requests() -> None:
    """By nature, not only if an environment's table configures it."""
    readme = (ROOT / "README.md").read_text("utf-8")
    step = readme[readme.index("2. **Integration.**") : readme.index("3. **OAuth client**")]
    needed = {
        f"`{topic}`"
        for kind in KINDS.values()
        if kind.confirmation is not None and not kind.confirmation.owned
        for topic in kind.confirmation.topics
        if topic.startswith("v2.")
    }
    assert needed == set(re.findall(r"`v2[^`]+`", step))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("README.md", f"| {CLAIM_DAYS} days | `tests/unit/test_trace.py` |"),
        ("docs/guarantees.md", f"within {CLAIM_DAYS} days, where"),
        ("docs/guarantees.md", f"day {CLAIM_DAYS}: the claim may expire"),
        ("docs/guarantees.md", f"day {CLAIM_DAYS + 4}: e again, accepted on day 0"),
        ("docs/guarantees.md", f"older than the horizon ({HORIZON_DAYS} days)"),
        ("docs/data.md", f"no payload | {CLAIM_DAYS} days | DynamoDB's TTL"),
        ("docs/data.md", f"stay in the ledger for {CLAIM_DAYS} days"),
        ("docs/migration.md", f"elsewhere: {CLAIM_DAYS} days, since Genesys"),
        ("docs/migration.md", f"elsewhere: {CLAIM_DAYS} days; the cache before it"),
        ("docs/decisions/0019-shadow.md", f"as its claims last {CLAIM_DAYS} days"),
        ("docs/entrances.md", f"a copy of the first for {CLAIM_DAYS} days"),
        ("docs/runbook.md", f"accepted in the last {HORIZON_DAYS} days"),
        ("docs/runbook.md", f"at most {HORIZON_DAYS} days back"),
        ("docs/runbook.md", f"({CLAIM_DAYS} days after that deploy)"),
        ("docs/runbook.md", f"After {CLAIM_DAYS} days leave it"),
        ("docs/decisions/0016-claims-by-route.md", f"left out after {CLAIM_DAYS} days"),
        ("environments/example.toml", f"left out after {CLAIM_DAYS} days"),
    ],
)
def test_what_is_said_about_the_horizon_follows_the_limits(document: str, said: str) -> None:
    assert said in (ROOT / document).read_text("utf-8"), f"{document} must say: {said}"


DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "environments").glob("*.toml")),
    *sorted(path for path in (ROOT / "examples").rglob("*") if path.suffix in (".md", ".yaml")),
]
#: what starts a command: a mark of code, settings before it, or a list's indentation
MAKE = re.compile(r"(?:`|^ *)((?:[A-Z]+=\S+ )*make(?: +[^`#\n]*)?)", re.MULTILINE)
#: up to the end of a block's line, or of the code mark, which may be on the next line
AWS = re.compile(
    r"(?:`|^[ #]*)(aws [a-z0-9]+ [a-z-]+ [^`\n]*(?:\n[^`\n]*(?=`[^`]))?)", re.MULTILINE
)
#: what AWS's command line adds to every operation, and the commands that it has besides them
AWS_OPTIONS, AWS_COMMANDS = {"query", "output", "region", "profile"}, {"cloudformation deploy"}
TARGETS = dict(re.findall(r"^([a-z]+):.*?## (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.M))


def made() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for command in MAKE.findall(path.read_text("utf-8")):
            yield str(path.relative_to(ROOT)), command.strip()


def unknown_to_make(command: str) -> list[str]:
    """The targets that do not exist, and the settings that no target of the command takes."""
    words = shlex.split(command.replace("make", "", 1))
    targets = [word for word in words if "=" not in word]
    settings = [word.partition("=")[0] for word in words if "=" in word]
    about = " ".join(TARGETS.get(target, "") for target in targets)
    lost = [name for name in settings if not re.search(rf"\b{name}\b", about)]
    return [target for target in targets if target not in TARGETS] + lost


@pytest.mark.parametrize(("where", "command"), sorted(set(made())))
def test_what_make_is_asked_for_exists(where: str, command: str) -> None:
    assert unknown_to_make(command) == []


@pytest.mark.parametrize("command", ["make gone", "make sim FAULTS=hostile", "HOLD=3 make synth"])
def test_what_make_does_not_have_would_be_noticed(command: str) -> None:
    assert unknown_to_make(command)


def asked_of_aws() -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for command in AWS.findall(path.read_text("utf-8")):
            if " ".join(command.split()[1:3]) not in AWS_COMMANDS:
                yield str(path.relative_to(ROOT)), " ".join(command.split())


def unknown_to_aws(command: str) -> list[str]:
    """The operation that does not exist, or the options that it has no member for."""
    _, service, operation, *rest = command.split()
    names = Session()
    if operation == "wait":
        waiters = names.get_waiter_model(service).waiter_names
        return [] if rest[0] in {xform_name(name, "-") for name in waiters} else [rest[0]]
    model = names.get_service_model(service)
    called = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in called:
        return [operation]
    taken = model.operation_model(called[operation]).input_shape
    members = {xform_name(name, "-") for name in (taken.members if taken else ())}
    options = re.findall(r"--(?:no-)?([a-z-]+)", " ".join(rest))
    return sorted(set(options) - members - AWS_OPTIONS)


@pytest.mark.parametrize(("where", "command"), sorted(set(asked_of_aws())))
def test_what_aws_is_asked_for_exists(where: str, command: str) -> None:
    assert unknown_to_aws(command) == []


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("aws dynamodb gone --table-name x", "gone"),
        ("aws dynamodb wait table-gone --table-name x", "table-gone"),
        ("aws dynamodb update-table --table-name x --protected", "protected"),
    ],
)
def test_what_aws_does_not_have_would_be_noticed(command: str, word: str) -> None:
    assert unknown_to_aws(command) == [word]


def test_commands_are_found_wherever_they_are() -> None:
    """Between backticks that end on the next line, in a block, in a comment."""
    said = " ".join(command for _, command in asked_of_aws())

    assert len(set(made())) > 40
    assert "--restore-date-time 2026-11-21T03:00:00Z" in said
    assert "--deletion-protection-enabled" in said
    assert "list-event-source-mappings" in said


def named_tests(text: str) -> set[tuple[str, str]]:
    """Files or folders of tests that a text names, and the test in it, if it names one."""
    return set(NAMED_TEST.findall(text))


def is_there(place: str, test: str) -> bool:
    found = [ROOT / place] if "/" in place else [*(ROOT / "tests").rglob(place)]
    return any(
        path.exists() and (not test or f"def {test}(" in path.read_text("utf-8")) for path in found
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_test_that_a_document_names_exists(document: Path) -> None:
    named = named_tests(document.read_text("utf-8"))

    assert [each for each in sorted(named) if not is_there(*each)] == []


def test_a_test_that_does_not_exist_would_be_noticed() -> None:
    said = "`tests/unit/test_gone.py` `test_runs.py::test_gone` `tests/gone/` `test_runs.py`"

    assert [is_there(*each) for each in sorted(named_tests(said))] == [True, False, False, False]


def test_each_threat_has_a_test_that_shows_what_stops_it() -> None:
    table = [
        line
        for line in (ROOT / "docs/threat-model.md").read_text("utf-8").splitlines()
        if line.startswith("| ") and not line.startswith("| who ")
    ]

    assert len(table) > 10
    assert [row for row in table if not named_tests(row.rsplit(" | ", 1)[1])] == []


def test_the_page_about_data_has_every_place_of_the_vault() -> None:
    page = (ROOT / "docs/data.md").read_text("utf-8")
    prefixes = [value for name, value in vars(vault_keys).items() if name.isupper()]

    assert "quarantine/" in prefixes
    assert [prefix for prefix in prefixes if f"`{prefix}`" not in page] == []
