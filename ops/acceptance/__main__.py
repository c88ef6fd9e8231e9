"""`make acceptance ENVIRONMENT=<name>`: one run in a real account, or, without a name or with
`local`, on the embedded AWS for all that this one has.

    python -m ops.acceptance [<environment>] [--yes]
"""

import io
import json
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ops.acceptance.account import Account, Failure, Where
from ops.acceptance.steps import CLEAN_UP, STEPS, Step
from ops.acceptance.where import Aws, EmbeddedError, embedded
from ops.errors import EXPECTED, sentence
from stacks.configuration import ConfigurationError, load_environments

OUT = Path("out") / "acceptance"
RESULT_FILE = Path("out") / "acceptance.json"
LOCAL = "local"
#: only this many letters of an environment's name are used in the run's own name
NAME_CHARS_MAX = 19
#: alarms, metrics, secrets and a dashboard for some hours, and a few thousand calls
COST = "less than 2 USD, and where fixed_egress is set some 0.05 USD an hour for the gateway"
TAKES = "two to four hours, most of it waiting for alarms that end"


@dataclass(frozen=True, slots=True)
class Outcome:
    step: str
    #: ok, failed or skipped
    result: str
    seconds: float
    #: what is worth noting: why it failed or was skipped
    says: str


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 only if no step failed."""
    options = [one for one in arguments if one.startswith("-")]
    names = [one for one in arguments if not one.startswith("-")] or [LOCAL]
    if len(names) > 1 or set(options) - {"--yes"}:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupted)
    console = Console(highlight=False, soft_wrap=True)
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        if names[0] == LOCAL:
            with embedded(OUT.resolve()) as (where, given):
                return run(where, given, LOCAL, console)
        (environment,) = load_environments(names[0])
        given = environment.document.relay.model_dump(mode="json", exclude_unset=True)
        if "--yes" not in options and not _confirmed(environment.name, given, console):
            print("Nothing was done.", file=sys.stderr)
            return 2
        return run(Aws(OUT.resolve() / "cdk.log"), given, environment.name, console)
    except (ConfigurationError, EmbeddedError, *EXPECTED) as error:
        print(sentence(error), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def run(where: Where, given: dict[str, Any], name: str, console: Console) -> int:
    """Every step, then the cleanup, whatever happened; the exit code."""
    account = Account(
        where, given, OUT.resolve(), f"{name[:NAME_CHARS_MAX]}-acceptance", secrets.token_hex(4)
    )
    outcomes: list[Outcome] = []
    try:
        for step in STEPS:
            outcomes.append(_taken(step, account, console))
            if step.is_base and outcomes[-1].result == "failed":
                break
    finally:
        outcomes.append(_taken(CLEAN_UP, account, console))
        for mailbox in (account.witness.mailbox, account.bell.mailbox):
            mailbox.delete()
        rows = [asdict(outcome) for outcome in outcomes]
        RESULT_FILE.write_text(json.dumps({"environment": name, "steps": rows}, indent=2) + "\n")
        console.print(_table(outcomes))
    return 1 if any(outcome.result == "failed" for outcome in outcomes) else 0


def _taken(step: Step, account: Account, console: Console) -> Outcome:
    lacking = f"the embedded AWS cannot: {step.lacking}" if step.lacking else ""
    skipped = step.never or (lacking if account.where.is_embedded else "")
    if skipped:
        return _told(Outcome(step.name, "skipped", 0.0, skipped), console)
    console.print(f"{step.name} ...")
    began = time.monotonic()
    try:
        result, says = "ok", step.act(account) or ""
    except Failure as failure:
        result, says = "failed", str(failure)
    except EXPECTED as error:
        result, says = "failed", sentence(error)
    return _told(Outcome(step.name, result, round(time.monotonic() - began, 1), says), console)


def _told(outcome: Outcome, console: Console) -> Outcome:
    console.print(escape(f"  {outcome.result} ({outcome.seconds} s) {outcome.says}"))
    return outcome


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("step", "result", "seconds", "note", box=None, pad_edge=False)
    for row in outcomes:
        seconds = f"{row.seconds:.1f}" if row.result != "skipped" else ""
        table.add_row(row.step, row.result, seconds, escape(row.says))
    return table


def _confirmed(name: str, given: dict[str, Any], console: Console) -> bool:
    stack = f"genesys-relay-{name[:NAME_CHARS_MAX]}-acceptance"
    where = f"account {given.get('account', 'of your credentials')}, region " + str(
        given.get("region", "of your credentials")
    )
    console.print(
        f"This deploys the stack {stack} into {where}, several times, breaks it on purpose, and "
        f"deletes it with all that it made. It takes {TAKES}, and costs {COST}. It touches no "
        f"other stack, and no Genesys Cloud. What it has made is listed in {OUT / 'made.json'}."
    )
    if not sys.stdin.isatty():
        console.print("Nobody is here to say yes: make acceptance ARGS=--yes.")
        return False
    return console.input("Go on? [yes/no] ").strip().lower() == "yes"


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # shows the progress in a file, too
    sys.exit(main(sys.argv[1:]))
