"""`relay doctor`: one line for each thing that the relay depends on, with the remedy."""

from collections import Counter

from ops import checks
from ops.checks import Check
from ops.connection import Relay
from ops.errors import EXPECTED, sentence
from ops.screen import Screen

MARKS = {"ok": ("ok", "green"), "wrong": ("WRONG", "red"), "unknown": ("unknown", "yellow")}


def doctor(relay: Relay, screen: Screen) -> bool:
    """Runs every check, whatever the others found; True if nothing is wrong. Raises OpsError if
    there is no stack to check."""
    found = [_run(check, relay) for check in checks.ALL]
    screen.document([{"check": f.name, "result": f.result, "says": f.says} for f in found])
    screen.table(
        ("", "", ""),
        [(MARKS[one.result][0], one.name, one.says) for one in found],
        styles=[None if one.result == "ok" else MARKS[one.result][1] for one in found],
    )
    count = Counter(one.result for one in found)
    screen.say("")
    if count["wrong"]:
        screen.say(f"{count['wrong']} of {len(found)} checks found something wrong.", "red")
    elif count["unknown"]:
        well = f"{count['ok']} of {len(found)} checks found nothing wrong"
        screen.say(f"{well}, {count['unknown']} could not be made.", "yellow")
    else:
        screen.say(f"{len(found)} checks found nothing wrong.", "green")
    return not count["wrong"]


def _run(check: Check, relay: Relay) -> checks.Finding:
    _ = relay.described  # without a stack there is nothing to check
    try:
        return check.examine(relay)
    except EXPECTED as error:
        return checks.Finding(check.name, "unknown", f"could not be examined: {sentence(error)}")
