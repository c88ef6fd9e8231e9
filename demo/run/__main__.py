"""`make run`: publishes a day of events through the whole relay and accounts for each of them."""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NoReturn

import requests
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from demo import report, supervisor
from demo.run import account, personal, sameness
from demo.run.captured import read_file
from demo.run.lines import InputError, Line, bus_source
from demo.run.remains import read_remains
from demo.run.scenario import Act, Verdict
from demo.run.scenarios import SCENARIOS
from demo.run.showing import Show
from demo.run.stage import AWS_FAULTS, Setting, Stage, StageError, set_stage
from demo.run.watching import Watch
from emulator.isolation import keep_to_this_machine
from emulator.process import EmulatorError

OUT = Path("out")


@dataclass(frozen=True, slots=True)
class Order:
    """The user's choices, from the variables EVENTS, FAULTS, SEED, SCENARIO and HOLD."""

    events: Path | None
    faults: str
    seed: int
    scenario: str
    #: how long the stage keeps running after the run, for `bin/relay --local` (seconds)
    hold_s: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Order":
        """Raises InputError."""
        faults = environ.get("FAULTS") or "none"
        if faults not in AWS_FAULTS:
            raise InputError(f"FAULTS={faults} is unknown; it can be {', '.join(AWS_FAULTS)}.")
        seed = environ.get("SEED") or "1"
        if not (seed.isascii() and seed.isdecimal()):
            raise InputError(f"SEED={seed} is no seed; it must be a whole number, 0 or more.")
        scenario = environ.get("SCENARIO") or "day"
        if scenario not in SCENARIOS:
            raise InputError(f"SCENARIO={scenario} is unknown; it can be {', '.join(SCENARIOS)}.")
        hold = environ.get("HOLD") or "0"
        if not (hold.isascii() and hold.isdecimal()):
            raise InputError(f"HOLD={hold} is no time; it must be a whole number of seconds.")
        events = environ.get("EVENTS")
        return cls(Path(events) if events else None, faults, int(seed), scenario, int(hold))


def main() -> int:
    """The exit code: 0 only if nothing is lost, duplicated or in flight."""
    supervisor.end_with_parent()
    keep_to_this_machine(os.environ)
    signal.signal(signal.SIGTERM, _interrupted)
    console = Console()
    try:
        order = Order.read(os.environ)
        scenario = SCENARIOS[order.scenario]
        show = Show(console)
        if order.events:
            if order.events.is_fifo():
                show.tell(f"{order.events} is a pipe: reading until whoever writes it ends.")
            capture = read_file(order.events)
            show.tell(capture.recognised)
            return run(order, capture.lines, show)
        return run(order, scenario.lines(order.seed), show)
    except (InputError, StageError, EmulatorError) as error:
        print(error, file=sys.stderr)
        return 2
    except (ClientError, BotoCoreError, requests.RequestException) as error:
        print(f"The embedded AWS did not serve a call ({error}): see {OUT}/stage.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def run(order: Order, lines: list[Line], show: Show) -> int:
    """One whole run, from an empty stage to out/run.json."""
    began = time.monotonic()
    source = bus_source(lines)
    scenario = SCENARIOS[order.scenario]
    setting = Setting(
        (OUT / "stage").resolve(),
        source,
        order.faults,
        order.seed,
        scenario.configuration,
        scenario.prepare,
        scenario.everything,
        scenario.relay,
    )
    show.expect(sameness.count(lines))
    with set_stage(setting, show.step) as stage:
        # Only one run at a time may use the stage, and the files that it writes.
        if order.events is None:
            (OUT / "day.ndjson").write_text("".join(f"{line.text}\n" for line in lines), "utf-8")
        with show.progress("publishing, and waiting until all is done"):
            watch = Watch(stage)
            verdict = scenario.play(Act(lines, source, stage, watch, show))
        show.step("taking the account")
        if order.events is None:
            complaints = [*verdict.complaints, *personal.complaints(stage)]
            verdict = replace(verdict, complaints=complaints)
        settled, row = _account(lines, stage, began, order, watch, verdict)
        report.write(
            report.gather(stage, watch, settled, row, verdict.complaints), OUT / "report.html"
        )
        show.end_step()
        row["steps"] = dict(show.steps)
        (OUT / "run.json").write_text(json.dumps(row, indent=2) + "\n", "utf-8")
        show.summary(settled, row, verdict.complaints)
        show.tell(f"What happened, as a page: {OUT / 'report.html'}")
        if order.hold_s:
            _hold(order.hold_s, show)
    return 0 if settled.is_clean and not verdict.complaints else 1


def _hold(seconds: int, show: Show) -> None:
    """All output is written by now: the user can end this with Ctrl-C."""
    show.tell(f"The stage stays for {seconds} s, or until Ctrl-C: try bin/relay --local status")
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(seconds)


def _account(
    lines: list[Line],
    stage: Stage,
    began: float,
    order: Order,
    watch: Watch,
    verdict: Verdict,
) -> tuple[account.Account, dict[str, object]]:
    summary = stage.genesys.get("summary")
    effects = stage.genesys.get("record")["effects"]
    settled = account.settle(lines, effects, read_remains(stage))
    told = asdict(settled)
    counts = {name: value for name, value in told.items() if isinstance(value, int)}
    row = {
        **counts,
        "set_aside": told["set_aside"],
        "events_file": None if order.events is None else str(order.events),
        "same_content_other_time": told["same_content"],
        "requests": summary["requests"],
        "rate_limited": summary["rate_limited"],
        "seconds": round(time.monotonic() - began, 1),
        "scenario": order.scenario,
        "faults_setting": order.faults,
        "seed": order.seed,
        "faults": {**summary["faults"], **stage.aws.faults_injected()},
        "reconciliations": watch.reconciled,
        "violations": summary["violations"],
        **verdict.rows,
    }
    return settled, row


def _interrupted(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
