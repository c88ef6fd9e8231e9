"""The buttons: each is a command of `relay`, put together from a form and nothing else."""

import re
import shlex
from collections.abc import Mapping

from lambdas.relay.kernel.lanes import queues
from ops.errors import OpsError

#: an id of a case or a message: it stands by itself in a command, so it may look like no option
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,127}")
VERDICTS = ("did-not-happen", "happened", "discard")


def command(form: Mapping[str, str]) -> list[str]:
    """What a form asks for, without --dry-run or --yes. Raises OpsError with what is missing."""
    match form.get("action", ""):
        case "redrive":
            return ["dead-letters", "redrive", f"--message={_id(form)}"]
        case "redrive-queue":
            queue = form.get("id", "")
            known = queues(has_lanes=True)
            if queue not in known:
                raise OpsError(f"There is no queue {queue}: it is one of {', '.join(known)}.")
            return ["dead-letters", "redrive", f"--queue={queue}"]
        case "discard":
            return ["dead-letters", "discard", f"--message={_id(form)}", f"--note={_note(form)}"]
        case "resolve":
            verdict = form.get("verdict", "")
            if verdict not in VERDICTS:
                raise OpsError(
                    "Choose what you found: it is not there, it is there, or nobody wants it."
                )
            return ["review", "resolve", _id(form), f"--{verdict}", f"--note={_note(form)}"]
        case other:
            raise OpsError(f"There is no button {other!r} here.")


def spoken(arguments: list[str]) -> str:
    """The command as a person would type it."""
    return shlex.join(["relay", *arguments])


def _id(form: Mapping[str, str]) -> str:
    said = form.get("id", "")
    if not ID.fullmatch(said):
        raise OpsError(f"{said!r} is no id: choose one of the list.")
    return said


def _note(form: Mapping[str, str]) -> str:
    said = " ".join(form.get("note", "").split())
    if not said:
        raise OpsError("The note is empty: say why, for whoever asks later.")
    return said
