"""`relay console`: the relay as a local web page."""

import os
import secrets
import sys
import webbrowser
from collections.abc import Mapping
from typing import Annotated

import typer

from ops.session import session_of

#: how often an open page is refreshed: the local run is free, CloudWatch charges for a reading
RENEW_EMBEDDED_S = 2.0
RENEW_S = 10.0


def open_console(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: a free one.")
    ] = 0,
    allow_changes: Annotated[
        bool,
        typer.Option(
            "--allow-changes", help="Add buttons; each first shows what it would do (--dry-run)."
        ),
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open it in your browser.")] = True,
) -> None:
    """A local web page: the relay's state, what waits and why, the history of any event. Read-only,
    unless --allow-changes is given. With your own credentials, on this machine, until Ctrl-C."""
    # Imported here, so that the other commands need not load a web server.
    from ops.console.door import Door
    from ops.console.readings import OfRelay
    from ops.console.server import address, listen, server

    session = session_of(context)
    relay = session.relay
    readings = OfRelay(relay, session.target)
    with listen(port) as listening:
        door = Door(secrets.token_urlsafe(32), int(listening.getsockname()[1]), allow_changes)
        url = address(door)
        session.screen.document({"url": url, "changes": allow_changes})
        session.screen.say(f"The console of {readings.title}: {url}", "bold")
        session.screen.say("Anyone who has this address can read it. Ctrl-C stops it.")
        # Flushed for readers of a pipe.
        sys.stdout.flush()
        if browser and not session.screen.as_json and has_screen(os.environ, sys.platform):
            webbrowser.open(url)
        renew_s = RENEW_EMBEDDED_S if relay.is_embedded else RENEW_S
        server(readings, door, renew_s).run(sockets=[listening])


def has_screen(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser opens beside the terminal; on a server it would replace the terminal."""
    shown_by = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    return platform in ("darwin", "win32") or any(environ.get(name) for name in shown_by)
