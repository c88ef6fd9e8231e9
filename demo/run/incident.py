"""`make run SCENARIO=incident`: a bad night, handled with the alarms, the commands and the runbook.

Genesys goes down for a while; during that time the OAuth client's secret expires; and Genesys
refuses one event for good. The script follows docs/runbook.md, with the real commands, and notes
their answers. At the end every event has taken effect once.

The alarms are those of the deployed stack, evaluated as described in demo/run/alarms.py.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demo.run import lines as drawn
from demo.run.alarms import Meter
from demo.run.lines import Line
from demo.run.publishing import publish
from demo.run.scenario import Act, Scenario, Verdict
from demo.run.visiting import visit
from emulator.toolchain import ROOT
from ops.screen import plural
from simulator.oauth import CLIENT_ID, CLIENT_SECRET

EVENTS = 160
#: how many of them are published before Genesys goes down
BEFORE = 40
#: how many of them are published while it is down
MEANWHILE = 70
POISON = "poison-pill"
NEW_SECRET = f"{CLIENT_SECRET}-of-the-new-year"
#: conversations that are traced in the morning
CONVERSATIONS = 3
#: the width of the commands' output
COLUMNS = 120


def lines(seed: int) -> list[Line]:
    """A morning of the generated day, with one event that Genesys will refuse."""
    chosen = drawn.generate(seed)[:EVENTS]
    told = Counter(line.happening for line in chosen)
    place = next(n for n, line in enumerate(chosen) if n > BEFORE and told[line.happening] == 1)
    document = json.loads(chosen[place].text)
    document["detail"]["eventBody"]["note"] = POISON
    chosen[place] = replace(chosen[place], text=json.dumps(document), document=document)
    return chosen


@dataclass(slots=True)
class Night:
    """What the on-call engineer has: alarms, commands, and a notebook."""

    act: Act
    meter: Meter
    rang: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.act.watch.note(text)
        self.act.show.tell(f"\n── {text}")

    def expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.complaints.append(otherwise)
            self.act.show.tell(f"!! {otherwise}")

    def wait_for_alarm(self, name: str) -> None:
        """Waits until the alarm is on; if that never happens, it is a complaint."""
        if self._until(lambda: name in self.ringing()):
            (alarm,) = [one for one in self.meter.alarms.definitions if one.name == name]
            self.rang.append(name)
            self.note(f"ALARM {name}: {alarm.description}")
        else:
            self.expect(False, f"the alarm {name} does not ring")

    def wait_for_silence(self) -> None:
        """Waits until no alarm is on."""
        quiet = self._until(lambda: not self.ringing())
        self.expect(quiet, f"alarms do not end: {', '.join(sorted(self.ringing()))}")

    def wait_for_effects(self) -> None:
        """Waits until something has taken effect: all is well so far."""
        delivered = self._until(self._has_effects)
        self.expect(delivered, "nothing takes effect")

    def _has_effects(self) -> bool:
        self.ringing()
        return int(self.act.watch.sights[-1].genesys["effects"]) > 0

    def ringing(self) -> set[str]:
        self.meter.measure(self.act.watch)
        return self.meter.ringing()

    def _until(self, holds: Callable[[], bool]) -> bool:
        return self.act.watch.until(holds, self.act.show.sight)

    def relay(self, *arguments: str, code: int = 0) -> str:
        """One command, shown with its output; any exit code other than `code` is a complaint."""
        shown, answer = self._run(*arguments)
        self.act.show.tell(f"\n$ relay {' '.join(arguments)}\n{shown}")
        self.expect(
            answer == code, f"relay {' '.join(arguments)} ended with {answer}, not with {code}"
        )
        return shown

    def asked(self, *arguments: str) -> Any:
        """The same in JSON, not shown."""
        text, _ = self._run("--json", *arguments)
        return json.loads(text)

    def _run(self, *arguments: str) -> tuple[str, int]:
        endpoint = str(self.act.stage.endpoint_file)
        done = subprocess.run(
            [sys.executable, "-m", "ops", "--local", "--endpoint-file", endpoint, *arguments],
            cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "COLUMNS": str(COLUMNS)},
        )  # fmt: skip
        return (done.stdout + done.stderr).rstrip(), done.returncode


def play(act: Act) -> Verdict:
    """The night, from the first alarm to the last command."""
    template = json.loads(act.stage.template_file.read_text("utf-8"))
    night = Night(act, Meter(act.stage, template))
    genesys = act.stage.genesys
    genesys.post("poison", marker=POISON, rejects="batch")
    _publish(act, act.lines[:BEFORE])
    night.wait_for_effects()
    _outage(night)
    _expired_secret(night)
    act.watch.until_quiet(act.show.sight)
    _poison(night)
    night.note("Morning")
    _what_became_of(night)
    night.relay("dead-letters", "list")
    night.wait_for_silence()
    night.relay("status")
    return Verdict({"alarms": night.rang}, night.complaints)


def _publish(act: Act, lines: Sequence[Line]) -> None:
    done = act.show.published_lines
    publish(
        lines, act.source, act.stage,
        lambda count: act.show.published(done + count, len(act.lines)),
    )  # fmt: skip


def _outage(night: Night) -> None:
    night.note("Genesys goes down")
    night.act.stage.genesys.post("outage", seconds=3600, manner="503")
    _publish(night.act, night.act.lines[BEFORE : BEFORE + MEANWHILE])
    night.wait_for_alarm("GenesysFailing")
    night.note("Runbook, GenesysFailing: is it us or is it them?")
    night.relay("status", code=1)
    said = night.relay("doctor", code=1)
    night.expect("503" in said, "relay doctor does not say that Genesys answers 503")


def _expired_secret(night: Night) -> None:
    genesys = night.act.stage.genesys
    night.note("Meanwhile the client's secret expires; then Genesys is up again")
    genesys.post("secrets", secrets=[NEW_SECRET], revoke_tokens=True)
    genesys.post("outage", seconds=0)
    said = night.relay("doctor", code=1)
    night.expect("gives no token" in said, "relay doctor does not say that the token is refused")
    night.note("Runbook, Rotate the credentials: the new secret goes into Secrets Manager")
    night.act.stage.aws.client("secretsmanager").put_secret_value(
        SecretId=night.act.stage.outputs["GenesysSecretName"],
        SecretString=json.dumps({"client_id": CLIENT_ID, "client_secret": NEW_SECRET}),
    )
    night.relay("doctor")
    _publish(night.act, night.act.lines[BEFORE + MEANWHILE :])


def _poison(night: Night) -> None:
    night.act.stage.reconcile()
    night.wait_for_alarm("WaitingForPerson")
    night.note("Runbook, WaitingForPerson")
    night.relay("review", "list")
    cases = night.asked("review", "list")
    night.expect(len(cases) == 1, f"{len(cases)} cases wait for a person, not one")
    for case in cases:
        name = str(case["id"])
        said = night.relay("review", "show", name)
        night.expect(POISON in said, f"relay review show {name} does not show what was refused")
        night.relay("trace", name)
        night.note("Genesys' schema is extended by the new field; the event is delivered again")
        night.act.stage.genesys.post("poison", marker="", rejects="endpoint")
        why = "refused for the field note, which the schema has now; nothing of it in Genesys"
        night.relay("review", "resolve", name, "--did-not-happen", "--note", why, "--dry-run")
        _decide_on_the_page(night, name, why)
        night.act.watch.until_quiet(night.act.show.sight)
        said = night.relay("trace", name)
        night.expect("delivered" in said, f"relay trace {name} does not end with a delivery")


def _decide_on_the_page(night: Night, name: str, why: str) -> None:
    """In the console, which shows what the commands show, and whose button runs the command."""
    form = {"action": "resolve", "id": name, "verdict": "did-not-happen", "note": why}
    with visit(night.act.stage.endpoint_file) as page:
        headline = page.headline("/")
        night.expect(
            headline.endswith(("need attention.", "needs attention.")),
            f"relay console says {headline!r} while a case waits",
        )
        way = page.text(f"/trace?name={name}").lower()
        night.expect("refused by genesys" in way, f"relay console does not say so of {name}")
        dry, done = page.press(form)
        night.act.show.tell(f"\n$ relay console: {headline}\n{dry}\n{done}")
        night.expect("Nothing was changed." in dry, "the button of the console has no dry run")


def _what_became_of(night: Night) -> None:
    """The auditor's question, for the conversations with the most events."""
    said: dict[str, set[int | None]] = {}
    for line in night.act.lines:
        conversation = line.document["detail"]["eventBody"].get("conversationId")
        if conversation:
            said.setdefault(conversation, set()).add(line.happening)
    for conversation in sorted(said, key=lambda c: len(said[c]), reverse=True)[:CONVERSATIONS]:
        told = night.asked("trace", conversation)
        fates = {event["fate"].partition(";")[0] for event in told}
        night.expect(
            fates == {"delivered"} and len(told) == len(said[conversation]),
            f"relay trace {conversation} shows {plural(len(told), 'event')} "
            f"({', '.join(sorted(fates))}), "
            f"but {len(said[conversation])} were published",
        )
    night.relay("trace", f"{told[0]['conversation']}/{told[0]['identity']}")


SCENARIO = Scenario(lines=lines, play=play)
