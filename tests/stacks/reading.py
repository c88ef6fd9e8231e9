"""What a function may count, and which texts it knows, read from the source: everything that its
handler can reach, by the names in the code. Nothing is run, and nothing has to be declared."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from lambdas.relay.kernel.metrics import Metric

ROOT = Path(__file__).resolve().parents[2]
METRICS = frozenset(get_args(Metric))
#: these mention metrics and count none: which there are, and alarms of the same name
DECLARATIONS = ("lambdas.relay.kernel.metrics", "lambdas.relay.review.waiting")

#: a module and what it defines there
Definition = tuple[str, str]
#: what a name stands for within a module: another module, or a definition
Meaning = str | Definition


@cache
def _modules() -> Mapping[str, ast.Module]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
        for path in (ROOT / "lambdas").rglob("*.py")
        if path.name != "__init__.py"
    }


@cache
def _definitions(module: str) -> Mapping[str, ast.stmt]:
    """Functions, classes and variables of a module, by their names."""
    found: dict[str, ast.stmt] = {}
    for node in _modules()[module].body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                found[node.name] = node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = node
    return found


@cache
def _names(module: str) -> Mapping[str, Meaning]:
    """What the names in a module stand for, as far as they are the project's own."""
    meanings: dict[str, Meaning] = {name: (module, name) for name in _definitions(module)}
    for node in ast.walk(_modules()[module]):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in _modules():
                    meanings[alias.asname or alias.name] = inner
                elif node.module in _modules():
                    meanings[alias.asname or alias.name] = (node.module, alias.name)
    return meanings


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """Everything below a node except annotations: naming a type is not using it."""
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _code(child)


def _mentioned(definition: Definition) -> Iterator[Definition]:
    module, name = definition
    node = _definitions(module).get(name)
    if node is None:
        return
    names = _names(module)
    for part in _code(node):
        match part:
            case ast.Name(id=used) if isinstance(meant := names.get(used), tuple):
                yield meant
            case ast.Attribute(value=ast.Name(id=used), attr=attribute):
                if isinstance(meant := names.get(used), str):
                    yield meant, attribute


def _constants(definition: Definition) -> Iterator[str]:
    module, name = definition
    node = _definitions(module).get(name)
    if node is not None and module not in DECLARATIONS:
        for part in _code(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


@cache
def constants_of(verb: str) -> frozenset[str]:
    """The texts in all the code that the function of `verb` may run."""
    waiting: list[Definition] = [(f"lambdas.{verb}", "handler")]
    reached: set[Definition] = set()
    while waiting:
        definition = waiting.pop()
        if definition not in reached:
            reached.add(definition)
            waiting.extend(_mentioned(definition))
    return frozenset(text for definition in reached for text in _constants(definition))


def counted_by(verb: str) -> frozenset[str]:
    """The metrics that the function of `verb` may count."""
    return METRICS & constants_of(verb)
