"""`relay status`: the relay's whole state on one screen."""

import time
from collections.abc import Callable
from dataclasses import asdict

from lambdas.relay.kernel.time_format import iso
from ops.connection import Relay
from ops.health import Standing, judge
from ops.reading import Audited, Depth, read
from ops.screen import Screen, age, number, plural

#: how often --watch refreshes (seconds)
WATCH_EVERY_S = 5.0
#: what a run of reconcile did; the cases themselves show what it left
DID = ("redriven", "parked", "cleared", "kept", "aligned", "resent", "reviewed", "postponed")
#: cases that the screen lists individually; --json lists all that were read
CASES_SHOWN = 10


def status(relay: Relay, screen: Screen) -> bool:
    """Shows the relay's state; True if nothing needs a person."""
    standing = judge(read(relay))
    screen.document(_document(standing))
    show(standing, relay.title, screen)
    return not standing.troubles


def watch(relay: Relay, screen: Screen, pause: Callable[[float], None] = time.sleep) -> bool:
    """Shows it again and again until Ctrl-C; returns the last result."""
    is_well = False
    try:
        while True:
            screen.clear()
            is_well = status(relay, screen)
            pause(WATCH_EVERY_S)
    except KeyboardInterrupt:
        return is_well


def show(standing: Standing, title: str, screen: Screen) -> None:
    """A relay's state, for people."""
    reading = standing.reading
    screen.say(f"{title}, {reading.version}", "bold")
    depths = reading.depths
    screen.table(
        ("queue", "waiting", "in flight", "delayed", "oldest", "dead", "oldest dead"),
        [_row(name, depth) for name, depth in depths.items()],
        right=("waiting", "in flight", "delayed", "oldest", "dead", "oldest dead"),
        styles=["red" if depth.dead else None for depth in depths.values()],
    )
    screen.say("")
    share = 100 * reading.slots_used / reading.slots_allowed if reading.slots_allowed else 0
    screen.say(
        f"pace       {reading.slots_used} of {reading.slots_allowed} requests used in this minute "
        f"({share:.0f} %)"
    )
    for name, circuit in reading.circuits.items():
        screen.say(f"breaker    {name}: {'open' if circuit.is_open else 'closed'}")
    told = ", ".join(f"{state} {number(count)}" for state, count in sorted(standing.states.items()))
    screen.say(f"requests   {told or 'none in progress, none waiting'}")
    screen.say(f"reconcile  {_reconcile(standing)}")
    if reading.audited is not None:
        screen.say(f"audit      {_audit(reading.audited, reading.now_ms)}")
    _show_cases(standing, screen)
    screen.say("")
    for trouble in standing.troubles:
        screen.say(trouble, "red")
    if not standing.troubles:
        screen.say("Nothing needs attention.", "green")


def _reconcile(standing: Standing) -> str:
    last, now_ms = standing.reading.reconciled, standing.reading.now_ms
    if last is None:
        return "has not run"
    did = ", ".join(f"{name} {number(last.result[name])}" for name in DID if last.result.get(name))
    return f"{age((now_ms - last.at_ms) / 1000)} ago: {did or 'found nothing to do'}"


def _audit(last: Audited, now_ms: int) -> str:
    found = (
        (f"{plural(last.missing, 'event')} never arrived") if last.missing else "nothing is missing"
    )
    period = f"{iso(last.since_ms)} to {iso(last.until_ms)}"
    return f"{age((now_ms - last.at_ms) / 1000)} ago: {found}, {period}"


def _show_cases(standing: Standing, screen: Screen) -> None:
    """The oldest first: whatever has waited longest."""
    if not standing.cases:
        return
    now_ms = standing.reading.now_ms
    oldest = sorted(standing.cases, key=lambda case: case.since_ms)
    screen.say("")
    screen.table(
        ("waits for you", "id", "state", "for"),
        [
            (case.kind, case.name, case.state, age((now_ms - case.since_ms) / 1000))
            for case in oldest[:CASES_SHOWN]
        ],
        right=("for",),
    )
    if len(oldest) > CASES_SHOWN:
        screen.say(f"... and {plural(len(oldest) - CASES_SHOWN, 'case')} more: --json lists them.")


def _row(name: str, depth: Depth) -> tuple[str, ...]:
    counts = (depth.waiting, depth.in_flight, depth.delayed)
    return (
        name,
        *(number(count) for count in counts),
        age(depth.oldest_s),
        number(depth.dead),
        age(depth.dead_oldest_s),
    )


def _document(standing: Standing) -> dict[str, object]:
    reading = standing.reading
    last = reading.reconciled
    return {
        "version": reading.version,
        "alarms": [
            {"name": alarm.name, "since": iso(alarm.since_ms), "says": alarm.says}
            for alarm in reading.alarms
        ],
        "queues": {name: asdict(depth) for name, depth in reading.depths.items()},
        "pace": {"used": reading.slots_used, "allowed": reading.slots_allowed},
        "breakers": {name: circuit.is_open for name, circuit in reading.circuits.items()},
        "states": dict(standing.states),
        "overdue": standing.overdue,
        "review": standing.review,
        "quarantined": standing.quarantined,
        "cases": [
            {"kind": c.kind, "id": c.name, "state": c.state, "since": iso(c.since_ms)}
            for c in standing.cases
        ],
        "audited": None if reading.audited is None else asdict(reading.audited),
        "reconciled": None if last is None else {"at": iso(last.at_ms), **last.result},
        "troubles": list(standing.troubles),
    }
