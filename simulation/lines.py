"""Which lines of the protocol ran. A line that never ran is a branch that no fault reaches.

The finest of probes: a line that is added to the protocol later is included automatically.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from lambdas.relay.functions import attempt, consolidation, dedup, horizon, parts, write
from lambdas.relay.genesys import unknown_outcome
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.ledger import claims
from lambdas.relay.messages import consumer
from lambdas.relay.requests import sending
from lambdas.relay.review import cases
from simulation.functions import FUNCTIONS, Function, Instance

PROTOCOL: tuple[ModuleType, ...] = (
    claims,
    consolidation,
    dedup,
    horizon,
    consumer,
    unknown_outcome,
    parts,
    cases,
    sending,
    attempt,
    write,
)

#: module and line
Line = tuple[str, int]
#: texts that mark a line as a guard against the impossible: no neighbour behaves so
AGAINST_THE_IMPOSSIBLE = (
    "Code.LEDGER_SILENT",
    "Code.NO_DESTINATION",
    "unexpected",
    "Code.UNEXPECTED",
    'count("Unexpected")',
    "traceback.extract_tb",
    "frame.filename.rsplit",
    # A lease outlives the invocation that holds it, so none is ever lost (R1, R8).
    "Code.LEASE_LOST",
    # Limits that only dozens of faults in a row reach: tests/unit/test_write.py reaches them.
    "Code.ATTEMPTS_EXHAUSTED",
    "Code.ITEMS_FAIL_AGAIN",
    "Code.SPLIT_TOO_OFTEN",
)
#: reached by a test and by no world: a function, and how its lines begin; "" is all of them
REACHED_BY_TESTS: Mapping[tuple[str, str], str] = {
    # The record of a request that is in progress does not vanish.
    ("settled", "return False"): "tests/unit/test_write.py",
    # Before a request is repeated it is read back, under a lease that outlasts late effects.
    ("Attempt._refused_in_doubt", "return ended"): "tests/unit/test_write.py",
    # What is looked for before a person is asked has worlds of its own.
    ("Attempt._park", 'return self.settle("RECONCILED", Code.FOUND_TAKEN()'): (
        "tests/simulation/test_last_look.py"
    ),
    # The worlds have no shadow, loop, compensation, or keys of older releases
    ("_stay_in_shadow", ""): "tests/unit/test_dedup.py",
    ("_claim", "return _stay_in_shadow("): "tests/unit/test_dedup.py",
    ("_stop_loop", ""): "tests/unit/test_correlation.py",
    ("_claim", "return _stop_loop("): "tests/unit/test_correlation.py",
    ("_take_turn", "destination = replace("): "tests/unit/test_write.py",
    ("earlier_keys", ""): "tests/unit/test_claims.py",
    ("_claimed_earlier", ""): "tests/unit/test_claims.py",
    ("was_claimed", ""): "tests/unit/test_webhook_copies.py",
    ("owner_of", ""): "tests/unit/test_trace.py",
    # ... no messages that contain both old and recent events,
    ("apart", ""): "tests/unit/test_dedup.py",
    ("_record", 'item["aged"] = '): "tests/unit/test_dedup.py",
    ("_record", "return _beyond_horizon("): "tests/unit/test_dedup.py",
    ("_decide", "return wait"): "tests/unit/test_dedup.py",
    # ... no message that can wait in a queue but not in a dead-letter queue,
    ("_misplaced", "return _set_aside("): "tests/unit/test_consumer.py",
    ("_give_up", "return _set_aside("): "tests/unit/test_consumer.py",
    # ... no person who takes a message away for eight days, deletes a record, or marks a restored
    # ledger,
    ("complete", "vault.keep("): "tests/simulation/test_hands_on_cases.py",
    ("complete", "keep_for_review("): "tests/unit/test_damage.py",
    ("relisted", ""): "tests/ops/test_restore.py",
    ("park_unrecorded", ""): "tests/simulation/test_hands_on_cases.py",
    ("doubting", ""): "tests/ops/test_restore.py",
    # ... no two runs at once over a message with a waiting part, no call that the ledger refuses
    # for good though each of its items is valid,
    ("_let_wait", "return None"): "tests/unit/test_correlation.py",
    ("_consolidate", "return [small."): "tests/unit/test_consolidation.py",
    ("_consolidate", 'consumer.telemetry.note("not consolidated", reason=malformed'): (
        "tests/unit/test_consolidation.py"
    ),
    # ... and no deploy that removes a destination while a message for it is split.
    ("_unconfigured", "deps.writes.send("): "tests/unit/test_dedup.py",
}


def executable() -> dict[Line, str]:
    """Every line of the protocol that must run, with its text."""
    return {line: text for line, function, text in protocol() if _must_run(function, text)}


def protocol() -> Iterator[tuple[Line, str, str]]:
    """Every line inside a function of the protocol, with the function's name and the text of the
    statement that the line belongs to."""
    for module, source, code in _compiled():
        texts = _statements(source)
        for function in _functions(code):
            name, *_ = function.co_qualname.split(".<locals>")
            for number in _numbers(function):
                yield (module, number), name, texts[number]


def _statements(source: str) -> Mapping[int, str]:
    """By line, the statement that it is in; for one with a body, its head. `except` and the like
    are no statements: each is its own text."""
    lines = source.splitlines()
    found = {number: line.strip() for number, line in enumerate(lines, 1)}
    for node in ast.walk(ast.parse(source)):  # outermost first
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            text = " ".join(line.strip() for line in lines[node.lineno - 1 : end])
            found |= dict.fromkeys(range(node.lineno, end + 1), text)
    return found


def _must_run(function: str, text: str) -> bool:
    return bool(
        text
        and not text.endswith("...")  # a Protocol method
        and not any(text.startswith(line) for name, line in REACHED_BY_TESTS if name == function)
        and not any(word in text for word in AGAINST_THE_IMPOSSIBLE)
    )


def _compiled() -> Iterator[tuple[str, str, CodeType]]:
    for module in PROTOCOL:
        source = Path(str(module.__file__)).read_text("utf-8")
        name = module.__name__.rpartition(".")[2]
        yield name, source, compile(source, str(module.__file__), "exec")


def _functions(code: CodeType, *, inside: bool = False) -> Iterator[CodeType]:
    is_function = inside or bool(code.co_flags & 0x02)  # CO_NEWLOCALS: not a module, not a class
    if is_function:
        yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _functions(constant, inside=is_function)


def _numbers(code: CodeType) -> set[int]:
    """The lines of a function, except the one that defines it."""
    return {n for _, _, n in code.co_lines() if n is not None and n != code.co_firstlineno}


def watched(
    wanted: frozenset[Line], seen: set[Line]
) -> Mapping[str, Callable[[Instance], Function]]:
    """The functions, each noting which of the wanted lines it runs. A function is no longer traced
    once all its lines have run, so the cost falls over time."""
    files = {str(module.__file__): module.__name__.rpartition(".")[2] for module in PROTOCOL}
    unseen: dict[CodeType, set[int]] = {}

    def on_call(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        name = files.get(code.co_filename)
        if name is None:
            return None
        if code not in unseen:
            unseen[code] = {n for n in _numbers(code) if (name, n) in wanted}
        left = unseen[code]

        def on_line(inner: FrameType, kind: str, value: Any) -> Any:
            if kind == "line" and inner.f_lineno in left:
                left.discard(inner.f_lineno)
                seen.add((name, inner.f_lineno))
            return on_line

        return on_line if left else None

    def watch(make: Callable[[Instance], Function]) -> Callable[[Instance], Function]:
        def made(instance: Instance) -> Function:
            function = make(instance)

            def run(arrived: Sequence[Delivery], deadline_ms: int) -> list[str]:
                # Tracing is per greenlet, and every invocation is one.
                sys.settrace(on_call)
                return function(arrived, deadline_ms)

            return run

        return made

    return {verb: watch(make) for verb, make in FUNCTIONS.items()}
