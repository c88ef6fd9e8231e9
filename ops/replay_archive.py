"""`relay replay-archive`: replays a bus's past events."""

import time
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from ops import archives
from ops.connection import CLOCK
from ops.errors import OpsError
from ops.screen import plural
from ops.session import Session, session_of

POLL_EVERY_S = 5.0
ENDED = ("COMPLETED", "CANCELLED", "FAILED")


def replay_archive(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="Start of the period, ISO 8601.")],
    until: Annotated[str, typer.Option("--to", help="End of the period, exclusive.")],
    bus: Annotated[
        Literal["partner", "relay"],
        typer.Option(help="Which bus: Genesys' partner bus or the relay's own."),
    ] = "partner",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Replay a bus's archive: for events that never reached the relay. Events that were
    delivered are not delivered again."""
    session = session_of(context)
    first, last = archives.moment(since), archives.moment(until)
    archives.check(first, last, datetime.fromtimestamp(CLOCK.now_ms() / 1000, UTC))
    archive = archives.archive_of(session.relay, bus, first)
    session.screen.say(
        f"Archive {archive.name} ({plural(archive.events, 'event')} in all): replay from "
        f"{first.isoformat()} to {last.isoformat()}."
    )
    if dry_run:
        session.screen.document({"archive": archive.name, "state": "DRY_RUN"})
        return
    session.screen.confirm("Replay them?", yes=yes)
    state = follow(session, archives.start(session.relay, archive, first, last))
    session.screen.document({"archive": archive.name, "state": state})
    if state != "COMPLETED":
        raise OpsError(
            f"EventBridge ended the replay as {state}; start it again; copies are recognised."
        )
    session.screen.say("Replayed. Follow it with: relay status", "green")


def follow(session: Session, name: str) -> str:
    """Waits for a replay to end; returns its last state."""
    with session.screen.console.status("replaying") as shown:
        while True:
            state, last = archives.progress(session.relay, name)
            shown.update(f"replaying: {state}, up to {last or 'the beginning'}")
            if state in ENDED:
                return state
            time.sleep(POLL_EVERY_S)
