"""What the page reads: the same as the commands; for changes it runs the commands themselves."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lambdas.relay.audit.auditing import Audit
from lambdas.relay.review.resolution import Parked
from ops import dead_letters, health, listing, missing, overview, reading, review_cases, trace
from ops.connection import CLOCK, Relay, Target, connect
from ops.dead_letter import MOST_DEFAULT, Filter
from ops.dead_letters import Choice
from ops.health import Standing
from ops.ledger_items import READ_MAX
from ops.listing import Listed, Wanted
from ops.review_cases import Cases
from stacks.configuration import ENVIRONMENTS

ROOT = Path(__file__).resolve().parents[2]
#: the width of a command's tables (characters)
COLUMNS = 160
#: cases of each kind on the page; the command shows more
CASES_MAX = 200
#: a command that takes longer is stopped; it can be repeated
COMMAND_S_MAX = 600


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished command."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case with everything to decide by: a parked request, or an unreadable message."""

    name: str
    parked: Parked | None
    #: of a message: {"reason", "at_ms", "message"}
    document: dict[str, Any] | None


class Readings(Protocol):
    """All raise ops.errors.EXPECTED."""

    @property
    def title(self) -> str:
        """The relay's name, for people."""

    @property
    def has_others(self) -> bool:
        """Whether this checkout has other environments."""

    def environments(self) -> Sequence[overview.Line]:
        """The state of each environment of this checkout."""

    def standing(self) -> Standing: ...

    def trace(self, name: str) -> trace.Found: ...

    def events(self, wanted: Wanted, after: str) -> Listed: ...

    def missing(self, since: str, until: str) -> Audit:
        """What Genesys has on record and the relay never saw; queries Genesys."""

    def letters(self, wanted: Filter) -> Choice: ...

    def cases(self) -> Cases: ...

    def case(self, name: str) -> Case: ...

    def run(self, command: Sequence[str]) -> Ran:
        """Runs a command of `relay`, as a person would."""


class OfRelay:
    """Readings of a relay on AWS or embedded."""

    def __init__(self, relay: Relay, target: Target) -> None:
        self._relay = relay
        self._target = target
        self._options = options(target)

    @property
    def title(self) -> str:
        return self._relay.title

    @property
    def has_others(self) -> bool:
        return len(self._names) > 1

    def environments(self) -> Sequence[overview.Line]:
        return [overview.line(name, self._target, connect) for name in self._names]

    @property
    def _names(self) -> Sequence[str]:
        """Empty if this is the relay on this machine."""
        return [] if self._target.endpoint_file is not None else overview.known(ENVIRONMENTS)

    def standing(self) -> Standing:
        return health.judge(reading.read(self._relay))

    def trace(self, name: str) -> trace.Found:
        return trace.find(self._relay, name, sender="", thorough=False)

    def events(self, wanted: Wanted, after: str) -> Listed:
        return listing.find(
            self._relay, wanted, most=listing.MOST_DEFAULT, read_max=READ_MAX, after=after
        )

    def missing(self, since: str, until: str) -> Audit:
        return missing.audited(self._relay, missing.period(since, until, CLOCK.now_ms()))

    def letters(self, wanted: Filter) -> Choice:
        with dead_letters.choose(self._relay, "", wanted, MOST_DEFAULT) as choice:
            return choice

    def cases(self) -> Cases:
        return review_cases.cases(self._relay, CASES_MAX)

    def case(self, name: str) -> Case:
        whole = review_cases.whole_id(self._relay, name)
        if review_cases.is_batch_id(whole):
            return Case(whole, review_cases.parked_request(self._relay, whole), None)
        return Case(whole, None, review_cases.quarantine_document(self._relay, whole))

    def run(self, command: Sequence[str]) -> Ran:
        """In a process of its own, so that it is the same command, with its own output."""
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "ops", *self._options, *command],
                env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(COLUMNS)},
                capture_output=True,
                text=True,
                check=False,
                timeout=COMMAND_S_MAX,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            return Ran(2, f"It was stopped after {COMMAND_S_MAX // 60} minutes: repeat it.")
        return Ran(done.returncode, (done.stdout + done.stderr).strip())


def options(target: Target) -> list[str]:
    """The options that make a `relay` command work on this relay."""
    if target.endpoint_file is not None:
        return ["--local", f"--endpoint-file={target.endpoint_file}"]
    named = (
        ("environment", target.environment),
        ("profile", target.profile),
        ("region", target.region),
    )
    return [f"--{name}={value}" for name, value in named if value]
