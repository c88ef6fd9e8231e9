"""The buttons: each runs one `relay` command, built only from a form."""

import re
import shlex
from collections.abc import Mapping

from lambdas.relay.kernel.lanes import queues
from ops.errors import OpsError

#: the id of a case or message; as a command's argument, it must not look like an option
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
VERDICTS = ("did-not-happen", "happened", "discard")


def command(form: Mapping[str, str]) -> list[str]:
    """The command for a form, without --dry-run or --yes. Raises OpsError if something is
    missing."""
    match form.get("action", ""):
        case "redrive":
            return ["dead-letters", "redrive", f"--message={_id(form)}"]
        case "redrive-queue":
            queue = form.get("id", "")
            known = queues(has_lanes=True)
            if queue not in known:
                raise OpsError(f"There is no queue {queue}: the queues are {', '.join(known)}.")
            return ["dead-letters", "redrive", f"--queue={queue}"]
        case "discard":
            return ["dead-letters", "discard", f"--message={_id(form)}", f"--note={_note(form)}"]
        case "resolve":
            verdict = form.get("verdict", "")
            if verdict not in VERDICTS:
                raise OpsError(
                    "Choose what you found in Genesys: it is missing, it is there, or it is not "
                    "wanted."
                )
            return ["review", "resolve", _id(form), f"--{verdict}", f"--note={_note(form)}"]
        case other:
            raise OpsError(f"There is no button {other!r}.")


def spoken(arguments: list[str]) -> str:
    """The command as a person would type it."""
    return shlex.join(["relay", *arguments])


def _id(form: Mapping[str, str]) -> str:
    said = form.get("id", "")
    if not ID.fullmatch(said):
        raise OpsError(f"{said!r} is not a valid id: choose one from the list.")
    return said


def _note(form: Mapping[str, str]) -> str:
    said = " ".join(form.get("note", "").split())
    if not said:
        raise OpsError("The note is empty: give a reason, which is recorded.")
    return said
