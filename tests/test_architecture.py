"""The rules of docs/architecture.md, read from the source: who may know whom, how large things are.

Only what a test names is imported here; the rules are checked on syntax trees.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "lambdas",
    "stacks",
    "simulator",
    "simulation",
    "emulator",
    "demo",
    "ops",
    "tests",
    "benchmarks",
)

FUNCTION_LINES_MAX = 70
#: what composes a stack is a list of parts: it has no branches to get lost in
COMPOSITION_LINES_MAX = 150
HANDLER_LINES_MAX = 15
MODULE_LINES_MAX = 425
#: a domain module says one thing; the longest is the use case that talks to Genesys
DOMAIN_MODULE_LINES_MAX = 360

#: what the domain may import besides itself
DOMAIN_MAY_IMPORT = (
    "base64", "collections", "contextlib", "dataclasses", "datetime", "decimal", "email", "enum",
    "fnmatch", "functools", "hashlib", "heapq", "hmac", "itertools", "jmespath", "json",
    "lambdas.relay", "math", "operator", "re", "string", "traceback", "types", "typing",
    "unicodedata",
    "urllib.parse", "uuid",
)  # fmt: skip
#: within those, what would bring in time or chance
IMPURE = frozenset(
    {"datetime.now", "datetime.utcnow", "datetime.today", "uuid.uuid4", "uuid.uuid1"}
)
VAGUE_NAMES = frozenset({"utils", "util", "common", "helpers", "constants", "manager", "base"})


@cache
def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name."""
    found = {"app": ROOT / "app.py"}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            found[".".join(path.relative_to(ROOT).with_suffix("").parts)] = path
    return found


def of(prefix: str) -> dict[str, Path]:
    return {n: p for n, p in modules().items() if n == prefix or n.startswith(f"{prefix}.")}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a module imports, inside functions too."""
    for node in ast.walk(tree(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    inner = f"{module}.{alias.name}"
                    yield inner if inner in modules() else module


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


# Dependencies point inward


def test_the_domain_knows_nothing_of_the_world() -> None:
    strangers = {
        (module, name)
        for module, path in of("lambdas.relay").items()
        for name in imports(path)
        if not within(name, *DOMAIN_MAY_IMPORT)
    }

    assert strangers == set()


def test_the_rooms_of_the_domain_depend_one_way() -> None:
    """A room is a folder of the domain, or a module beside them."""
    rooms: dict[str, set[str]] = {}
    for module, path in of("lambdas.relay").items():
        known = {_room(name) for name in imports(path) if within(name, "lambdas.relay")}
        rooms.setdefault(_room(module), set()).update(known - {_room(module)})

    # Raises CycleError, which names the rooms.
    assert set(TopologicalSorter(rooms).static_order()) == set(rooms)


def test_the_code_map_names_the_rooms_in_their_order() -> None:
    """docs/architecture.md promises that each room knows only those above it."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    listed = re.findall(r"^  \* `(\w+)/`:", text, re.MULTILINE)
    rooms = {module.split(".")[2] for module in of("lambdas.relay") if module.count(".") > 2}
    upward = {
        (module, name)
        for module, path in of("lambdas.relay").items()
        for name in imports(path)
        if _room(module) in listed and within(name, "lambdas.relay") and name.count(".") > 2
        if listed.index(_room(name)) > listed.index(_room(module))
    }

    assert sorted(listed) == sorted(rooms)
    assert upward == set()


def test_what_the_glossary_names_exists() -> None:
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| ") and "in the code" not in row]
    names = [re.findall(r"`(\w[\w/]*\.py)(?:::(\w+))?` \|$", row) for row in rows]

    assert [row for row, found in zip(rows, names, strict=True) if len(found) != 1] == []
    assert [
        f"{path}::{name}"
        for ((path, name),) in names
        if not (ROOT / path).is_file() or (name and name not in _defined(ROOT / path))
    ] == []


def test_the_glossary_has_one_row_per_word() -> None:
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    words = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)

    assert len(set(words) - {"word"}) == len([word for word in words if word != "word"])


def _defined(path: Path) -> set[str]:
    """Classes, functions and constants at the top of a module."""
    defined: set[str] = set()
    for node in tree(path).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                defined.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                defined.add(name)
    return defined


def _room(module: str) -> str:
    return module.split(".")[2]


def test_the_domain_gets_time_and_chance_as_arguments() -> None:
    taken = {
        (module, ast.unparse(node))
        for module, path in of("lambdas.relay").items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in IMPURE
    }

    assert taken == set()


def test_adapters_know_the_domain_and_not_one_another() -> None:
    strangers = {
        (module, name)
        for module, path in of("lambdas.adapters").items()
        for name in imports(path)
        if within(name, *PACKAGES)
        and not within(name, "lambdas.relay", "lambdas.adapters.aws")
        and name != module
    }

    assert strangers == set()


def test_only_wiring_and_handlers_build_adapters() -> None:
    builders = {
        module
        for module, path in of("lambdas").items()
        if any(within(name, "lambdas.adapters") for name in imports(path))
        and not within(module, "lambdas.adapters")
    }

    assert {name.count(".") for name in builders} == {1}, "only modules directly in lambdas/"


def test_the_functions_know_nothing_of_what_deploys_runs_or_tests_them() -> None:
    strangers = {
        (module, name)
        for module, path in of("lambdas").items()
        for name in imports(path)
        if within(name, *PACKAGES[1:], "app", "aws_cdk")
    }

    assert strangers == set()


def test_the_stack_reaches_the_functions_by_names_limits_and_configuration_only() -> None:
    """Its schema alone knows what a configuration is made of: the domain, and nothing else."""
    reached: dict[bool, set[str]] = {True: set(), False: set()}
    for module, path in (*of("stacks").items(), *of("app").items()):
        names = {n for n in imports(path) if within(n, *PACKAGES) and not within(n, "stacks")}
        reached[within(module, "stacks.schema")] |= names

    assert all(within(name, "lambdas.relay") for name in reached[True])
    assert reached[False] <= {
        "lambdas.relay.kernel.lanes",  # which queues there are, and what they are called
        "lambdas.relay.kernel.limits",
        "lambdas.relay.routes.configuration",
        "lambdas.relay.kernel.metrics",
        "lambdas.relay.kernel.vault_keys",
    }


def test_nothing_that_is_deployed_or_run_knows_the_tests() -> None:
    strangers = {
        (module, name)
        for module, path in modules().items()
        for name in imports(path)
        if within(name, "tests") and not within(module, "tests")
    }

    assert strangers == set()


def test_only_the_wiring_reads_the_environment() -> None:
    readers = {
        module
        for module, path in of("lambdas").items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv")
    }

    assert readers == {"lambdas.wiring"}


# Importing does nothing


def test_importing_any_module_of_the_functions_has_no_side_effect() -> None:
    """No client, no connection, no variable, no output: a cold start pays for what it uses."""
    names = [name.removesuffix(".__init__") for name in of("lambdas")]
    program = f"""
import importlib, os, socket, sys, threading
import boto3
def refuse(*arguments, **named): raise SystemExit("a client or a socket was made by importing")
boto3.client = boto3.resource = socket.socket.connect = refuse
class Empty(dict):
    def __getitem__(self, name): raise SystemExit("a variable was read by importing: " + name)
before = set(threading.enumerate())
for name in {names!r}:
    importlib.import_module(name)
assert set(threading.enumerate()) == before, "a thread was started by importing"
"""

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={}, capture_output=True, text=True
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Sizes and names


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{module}.{function.name}": lines_of(function)
        for module, path in modules().items()
        for function in functions(path)
        if lines_of(function)
        > (COMPOSITION_LINES_MAX if within(module, "stacks") else FUNCTION_LINES_MAX)
    }

    assert long == {}


@pytest.mark.parametrize(
    "verb", ["intake", "dedup", "write", "confirm", "reconcile", "webhook", "audit", "alert"]
)
def test_a_handler_joins_its_assembled_function_to_lambda_and_does_nothing_else(verb: str) -> None:
    path = ROOT / "lambdas" / f"{verb}.py"
    (handler,) = functions(path)

    assert handler.name == "handler"
    assert lines_of(handler) <= 5
    assert len(_code_lines(path)) <= HANDLER_LINES_MAX


def _code_lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.strip()]


def test_no_module_grows_without_bound() -> None:
    long = {}
    for module, path in modules().items():
        most = DOMAIN_MODULE_LINES_MAX if within(module, "lambdas") else MODULE_LINES_MAX
        count = len(path.read_text("utf-8").splitlines())
        if count > most and not within(module, "tests"):
            long[module] = count

    assert long == {}


def test_modules_are_named_by_what_they_are_about() -> None:
    assert [name for name in modules() if VAGUE_NAMES & set(name.split("."))] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name
        for name, path in modules().items()
        if path.read_text("utf-8").strip() and ast.get_docstring(tree(path)) is None
    ]

    assert silent == []


def test_the_functions_write_nothing_but_log_lines() -> None:
    printing = {
        module
        for module, path in of("lambdas").items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    }

    assert printing == set()


def test_nothing_is_swallowed() -> None:
    swallowed = {
        (module, node.lineno)
        for module, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and all(isinstance(step, ast.Pass) for step in node.body)
    }

    assert swallowed == set()


#: a home, working or temporary folder of somebody's machine
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:home|Users|work|root|tmp)/[\w.-]+")


def test_no_tracked_file_names_a_folder_on_somebodys_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    found = {}
    for name in listed:
        path = ROOT / name
        if not name or not path.is_file() or path == Path(__file__):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        if places := MACHINE_PATH.findall(text):
            found[name] = places

    assert found == {}
