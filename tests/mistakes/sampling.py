"""A random sample of small mistakes: one place of the syntax tree each, changed in one way.

    a comparison flipped · `and` for `or` · a negation left out · a constant one more, or with a
    zero too many · True for False · an argument left out · nothing returned

Each is tried by the tests that run its line and are nearest to it (they import its module, or are
named after it), then by the type checker, then by all other tests that run its line, then by all
tests of the files that run it at import or in a fixture. What none of them objects to is a
survivor: a test is missing, or the change changes nothing, and equivalent.toml names it with the
reason.
"""

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice, zip_longest
from random import Random
from typing import Any

from tests.mistakes.lines import Ran
from tests.mistakes.planting import PROJECT

#: what is mutated, and the tests that should object
SUITES: Mapping[str, tuple[str, ...]] = {
    "lambdas": (
        "tests/contract/test_http.py",
        "tests/contract/test_ledger.py",
        "tests/contract/test_personal_key.py",
        "tests/contract/test_queue.py",
        "tests/contract/test_records.py",
        "tests/contract/test_secrets.py",
        "tests/contract/test_sender_keys.py",
        "tests/contract/test_vault.py",
        "tests/contract/test_what_is_asked.py",
        "tests/handlers",
        "tests/unit",
        # The rest of the simulation's tests take minutes: they hunt for its own mistakes.
        "tests/simulation/test_fault_free.py",
        "tests/simulation/test_last_look.py",
        "tests/simulation/test_regressions.py",
    ),
    "stacks": ("tests/stacks",),
}
_FLIPPED: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
#: one more than this is within every tolerance: what happens to such a number is a zero too many
LARGE = 1_000
#: calls whose arguments are for people or for the type checker
_SAID = frozenset({"note", "cast", "TypeVar", "field", "dataclass", "NewType"})


@dataclass(frozen=True, slots=True)
class Slip:
    """One change: these characters of the file become others."""

    file: str
    line: int
    #: the lines of the statement that it is in
    statement: range
    start: int
    end: int
    new: str
    kind: str

    def planted_in(self, text: str) -> str:
        return text[: self.start] + self.new + text[self.end :]

    @property
    def room(self) -> str:
        return self.file.partition("/")[0]

    def named(self, text: str) -> str:
        """By what it changes, wherever that is in its file."""
        old = " ".join(text[self.start : self.end].split())
        return f"{self.file} {self.kind}: {old} -> {self.new}"

    def told(self, text: str) -> str:
        return f"{self.named(text)} (line {self.line})"


def sample(count: int, seed: int, words: list[str]) -> list[Slip]:
    """So many of the slips in files whose name contains one of the words, or in all files."""
    files = [
        path.relative_to(PROJECT).as_posix()
        for folder in SUITES
        for path in sorted((PROJECT / folder).rglob("*.py"))
    ]
    chosen = [file for file in files if not words or any(word in file for word in words)]
    by_kind: dict[str, list[Slip]] = {}
    for slip in (slip for file in chosen for slip in slips_of(file)):
        by_kind.setdefault(slip.kind, []).append(slip)
    random = Random(seed)
    for slips in by_kind.values():
        random.shuffle(slips)
    # Equally many of each kind: half of all are arguments, and most of those are type errors.
    in_turn = [slip for row in zip_longest(*by_kind.values()) for slip in row if slip is not None]
    return list(islice(filter(_can_be_read, in_turn), count))


def slips_of(file: str) -> Iterator[Slip]:
    text = (PROJECT / file).read_text(encoding="utf-8")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = text.splitlines()

    def at(line: int, column: int) -> int:
        """Columns of a syntax tree are bytes."""
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    tree = ast.parse(text)
    statements = _statements(tree)
    for node, new, kind in _changes(tree):
        if node.end_lineno is not None and node.end_col_offset is not None:
            start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
            yield Slip(file, node.lineno, statements[node], start, end, new, kind)


def _statements(tree: ast.AST) -> Mapping[ast.AST, range]:
    """The lines of the innermost statement that each node is in; for one with a body, its head."""
    found: dict[ast.AST, range] = {}
    for statement in ast.walk(tree):  # outer ones first
        if isinstance(statement, ast.stmt):
            decorators = getattr(statement, "decorator_list", [])
            body = getattr(statement, "body", None)
            begin = min([statement.lineno, *(each.lineno for each in decorators)])
            end = body[0].lineno if body else (statement.end_lineno or begin) + 1
            lines = range(begin, max(end, statement.lineno + 1))
            found.update(dict.fromkeys(ast.walk(statement), lines))
    return found


def _can_be_read(slip: Slip) -> bool:
    """A text inside a text may not hold its quotes."""
    try:
        ast.parse(slip.planted_in((PROJECT / slip.file).read_text(encoding="utf-8")))
    except SyntaxError:
        return False
    return True


def _changes(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.decorator_list = []  # frozen, slots: for the reader and the type checker
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[op], left=left, comparators=[right]) if type(op) in _FLIPPED:
                sign = _FLIPPED[type(op)]
                yield node, f"({ast.unparse(left)} {sign} {ast.unparse(right)})", "comparison"
            case ast.BoolOp(op=op, values=values):
                word = " or " if isinstance(op, ast.And) else " and "
                yield node, f"({word.join(f'({ast.unparse(v)})' for v in values)})", "and, or"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield node, f"bool({ast.unparse(operand)})", "negation"
            case ast.Constant(value=bool(value)):
                yield node, str(not value), "truth"
            case ast.Constant(value=int(value)):
                yield node, str(value + 1 if abs(value) < LARGE else value * 10), "constant"
            case ast.Call(func=func, args=args, keywords=keywords) if args or keywords:
                if getattr(func, "attr", getattr(func, "id", "")) not in _SAID:
                    less = keywords[:-1] if keywords else keywords
                    fewer = args if keywords else args[:-1]
                    yield node, ast.unparse(ast.Call(func, fewer, less)), "argument"
            case ast.Return(value=ast.expr() as value) if not _is_none(value):
                yield node, "return None", "return"
            case _:
                pass


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


@dataclass(frozen=True, slots=True)
class Objectors:
    """The tests that run a slip's line, as arguments of pytest, in the order in which they try it;
    the quickest files first."""

    nearest: tuple[str, ...]
    others: tuple[str, ...]
    #: files that run it outside of a test as well
    at_last: tuple[str, ...]


def objectors(slip: Slip, ran: Sequence[Ran]) -> Objectors:
    near = frozenset(_nearest(slip))
    nearest: list[str] = []
    others: list[str] = []
    at_last: list[str] = []
    for each in ran:
        found = set().union(*(each.lines.get((slip.file, line), ()) for line in slip.statement))
        alone = sorted(found - {each.tests})
        if each.tests in near:
            nearest += alone or sorted(found)
        else:
            others += alone
        if each.tests in found and (alone or each.tests not in near):
            at_last.append(each.tests)
    return Objectors(tuple(nearest), tuple(others), tuple(at_last))


def _nearest(slip: Slip) -> Iterator[str]:
    """The tests that import the module by its name, or are named after it."""
    dotted = slip.file.removesuffix(".py").replace("/", ".")
    package, _, name = dotted.rpartition(".")
    forms = (f"{dotted} import", f"import {dotted}", f"from {package} import {name}")
    for file, text in _tests():
        if file.endswith(f"/test_{name}.py") or any(form in text for form in forms):
            yield file


@cache
def equivalents() -> Mapping[str, str]:
    """Slips that change nothing visible, and why."""
    text = (PROJECT / "tests/mistakes/equivalent.toml").read_text(encoding="utf-8")
    return dict(excused(row) for row in tomllib.loads(text).get("equivalent", []))


def excused(row: Mapping[str, Any]) -> tuple[str, str]:
    """The slip of an entry, and why. A name has no place: raises ValueError if other slips of the
    file would be excused with it, or none is."""
    slip, times = str(row["slip"]), row.get("times", 1)
    file = slip.partition(" ")[0]
    text = (PROJECT / file).read_text(encoding="utf-8")
    found = sum(each.named(text) == slip for each in slips_of(file))
    if found != times:
        raise ValueError(
            f"{slip!r} is in its file {found} times, not {times}: `times` says how many slips of "
            "this name there are, and all of them must change nothing"
        )
    return slip, str(row["why"])


@cache
def _tests() -> list[tuple[str, str]]:
    return [
        (path.relative_to(PROJECT).as_posix(), path.read_text(encoding="utf-8"))
        for path in sorted((PROJECT / "tests").rglob("test_*.py"))
    ]
