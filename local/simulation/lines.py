"""Which lines of the protocol ran. One that never did is a branch that no fault reaches.

The finest of probes: a line that is added to the protocol later is watched without anybody having
to think of it.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType, FrameType, ModuleType
from typing import Any

from lambdas.relay import dedup, deliveries, write
from lambdas.relay.attention import review
from lambdas.relay.genesys import doubt
from lambdas.relay.ledger import claims, requests
from lambdas.relay.ports import Delivery
from local.simulation.functions import FUNCTIONS, Function, Instance

PROTOCOL: tuple[ModuleType, ...] = (claims, dedup, deliveries, doubt, requests, review, write)

#: module and line
Line = tuple[str, int]
#: what a line says when it is there against the impossible: no neighbour behaves so
AGAINST_THE_IMPOSSIBLE = (
    "the ledger refused a claim without saying whose it is",
    "the configuration names no destination",
    "unexpected",
    "Unexpected",
    "traceback.extract_tb",
    "frame.filename.rsplit",
    # A lease outlives the invocation that holds it, so none is ever lost (R1, R8).
    "the lease was lost",
    "failed again and again",
)


#: the record of a request that is under way does not vanish
UNREACHED = frozenset({("requests", "return False")})


def executable() -> dict[Line, str]:
    """Every line inside a function of the protocol, with its text."""
    found: dict[Line, str] = {}
    for module in PROTOCOL:
        name = module.__name__.rpartition(".")[2]
        with open(str(module.__file__), encoding="utf-8") as file:
            source = file.read()
        texts = source.splitlines()
        for number in _function_lines(compile(source, str(module.__file__), "exec")):
            text = texts[number - 1].strip()
            if (name, text) in UNREACHED:
                continue
            if text and not any(word in text for word in AGAINST_THE_IMPOSSIBLE):
                found[name, number] = text
    return found


def _function_lines(code: CodeType, *, inside: bool = False) -> Iterator[int]:
    is_function = inside or bool(code.co_flags & 0x02)  # CO_NEWLOCALS: not a module, not a class
    if is_function:
        yield from (n for _, _, n in code.co_lines() if n is not None and n != code.co_firstlineno)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _function_lines(constant, inside=is_function)


def watched(seen: set[Line]) -> Mapping[str, Callable[[Instance], Function]]:
    """The functions, each noting the protocol's lines that it runs. Some ten times slower."""
    files = {str(module.__file__): module.__name__.rpartition(".")[2] for module in PROTOCOL}

    def on_call(frame: FrameType, event: str, argument: Any) -> Any:
        name = files.get(frame.f_code.co_filename)
        if name is None:
            return None

        def on_line(inner: FrameType, kind: str, value: Any) -> Any:
            if kind == "line":
                seen.add((name, inner.f_lineno))
            return on_line

        return on_line

    def watch(make: Callable[[Instance], Function]) -> Callable[[Instance], Function]:
        def made(instance: Instance) -> Function:
            function = make(instance)

            def run(arrived: Sequence[Delivery], deadline_ms: int) -> list[str]:
                # Tracing belongs to the greenlet, and every invocation is one.
                sys.settrace(on_call)
                return function(arrived, deadline_ms)

            return run

        return made

    return {verb: watch(make) for verb, make in FUNCTIONS.items()}
