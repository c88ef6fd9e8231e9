"""What the runbook says people will see (logs, outputs, settings, reasons) can be seen."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNBOOK = ROOT / "docs" / "runbook.md"
#: texts of AWS, Genesys, git or ssh
OTHERS = frozenset(
    {
        "Task timed out", "SendMessage", "GetSecretValue", "Retry-After", "cdk deploy",
        "cloudwatch.amazonaws.com", "dataAvailabilityDate", "git checkout <last good release>",
        "ssh -L 8765:127.0.0.1:8765 <machine>", "AWS_PROFILE", "AWS_REGION", "EventBridge: ...",
        "ARGS=--import-existing-resources", "...LedgerTable...", "-dead-...", "relay", "at",
        "xray_trace_id",
    }
)  # fmt: skip
QUOTED = re.compile(r"`([^`\n]+)`")
#: queries of Logs Insights, and the words in them that are its own or a person's
QUERY = re.compile(r"^```\n((?:fields|filter)\b.*?)^```", re.DOTALL | re.MULTILINE)
INSIGHTS = frozenset(
    {
        "fields", "filter", "sort", "stats", "count", "as", "by", "and", "or", "asc", "timestamp",
        "message", "request", "event", "conversation", "refusals",
    }
)  # fmt: skip
#: commands have a test of their own
COMMANDS = ("relay ", "bin/relay", "make ", "aws ", "--")


def words() -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", RUNBOOK.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for quoted in QUOTED.findall(text):
        if not quoted.startswith(COMMANDS) and quoted not in OTHERS:
            yield quoted


@cache
def said() -> str:
    """Every text and name in the code, comments and docstrings left out, and the settings."""
    found: list[str] = []
    for folder in ("lambdas", "ops", "stacks"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            prose = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                match node:
                    case ast.Constant(value=str(text)) if node not in prose:
                        found.append(text)
                    case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                        found.append(name)
    for name in ("environments/example.toml", "Makefile", "README.md"):
        found.append((ROOT / name).read_text("utf-8"))
    return "\n".join(found)


def is_said(word: str) -> bool:
    """A setting is found by its key, a text with placeholders by its parts."""
    key = word.split(" = ")[0].strip('[]"')
    parts = [part.strip() for part in re.split(r"\.\.\.|<\w+>", key) if part.strip()]
    return all(part in said() for part in parts)


@pytest.mark.parametrize("word", sorted(set(words())))
def test_what_is_quoted_can_be_seen(word: str) -> None:
    assert is_said(word)


@pytest.mark.parametrize("word", ["signed ... before our time", "does not fit", "NO_SUCH_REASON"])
def test_what_cannot_be_seen_would_be_noticed(word: str) -> None:
    """The first two once were in the runbook, and in no log."""
    assert not is_said(word)


@pytest.mark.parametrize(
    "word",
    sorted(
        {
            word
            for query in QUERY.findall(RUNBOOK.read_text("utf-8"))
            for word in re.findall(r"[a-z_]+", query)
        }
        - INSIGHTS
    ),
)
def test_a_query_asks_for_what_the_logs_contain(word: str) -> None:
    assert re.search(rf"\b{word}\b", said())


def test_queries_are_found() -> None:
    assert len(QUERY.findall(RUNBOOK.read_text("utf-8"))) == 2
