"""`relay try`: runs an event through a file's routes, without AWS or Genesys."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from lambdas.relay.entrances.events import Event, parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.messages.sealing import Target
from lambdas.relay.routes.route import Route
from ops.captured import lines_of
from ops.errors import OpsError
from ops.mapping_trial import Trial, tried
from ops.screen import plural
from ops.session import session_of
from stacks.configuration import ConfigurationError, Environment, load_environments


def try_event(
    context: typer.Context,
    event: Annotated[Path, typer.Option(help="A file with one event, however captured.")],
) -> None:
    """Show which routes of --environment <name or file.toml> take an event, which do not and why,
    and what would be sent. Exit code 1 if a route that takes it fails."""
    session = session_of(context)
    loaded = configuration_of(session.target.environment)
    trials = tried(loaded.configuration, event_of(event))
    session.screen.document([_document(trial) for trial in trials])
    for trial in trials:
        _show(trial, session.screen.say)
    if any(trial.takes and trial.made is None for trial in trials):
        raise typer.Exit(1)


def configuration_of(name: str | None) -> Environment:
    """The environment file that --environment names. Raises OpsError."""
    if name is None:
        raise OpsError("Name the environment file, such as --environment my.toml.")
    try:
        return load_environments(name)[0]
    except ConfigurationError as error:
        raise OpsError(str(error)) from error


def event_of(path: Path) -> Event:
    """The one event of a file. Raises OpsError."""
    lines = lines_of(path)
    if len(lines) != 1:
        raise OpsError(f"{path} holds {plural(len(lines), 'event')}: name a file with one of them.")
    try:
        # The latest time possible: a trial does not judge the event's age.
        return parse_event(lines[0].text, YEAR_9999_MS)
    except Malformed as malformed:
        raise OpsError(f"{path}: intake would quarantine it: {malformed}.") from malformed


YEAR_9999_MS = 253_370_764_800_000


def _document(trial: Trial) -> dict[str, Any]:
    document: dict[str, Any] = {"route": trial.route.name, "takes": trial.takes}
    if trial.made is None:
        return {**document, "reason": trial.reason}
    target, item = trial.made.target, json.loads(trial.made.item)
    return {
        **document,
        "destination": target.destination,
        "request": _request(trial.route, target),
        "list": trial.made.into,
        "is_shown": trial.made.is_shown,
        "is_shadow": target.is_shadow,
        "bytes": len(trial.made.item),
        "item": item,
    }


def _request(route: Route, target: Target) -> str:
    """What is sent, and where to."""
    destination = route.destination
    if destination.service in ("genesys", "https"):
        return f"{target.method} {destination.host}{target.path}"
    return f"{destination.service} {target.path}"


def _show(trial: Trial, say: Any) -> None:
    name = trial.route.name
    if trial.made is None:
        verb = "fails: intake would quarantine the event" if trial.takes else "does not take it"
        say(f"Route {name} {verb}: {trial.reason}.", "red" if trial.takes else None)
        return
    if trial.made.is_shown:
        say(f"Route {name} writes nothing: the event already shows the effect.", "green")
        return
    target = trial.made.target
    into = f', list "{trial.made.into}"' if trial.made.into else ""
    size = plural(len(trial.made.item), "byte")
    would = "is in shadow mode and would send" if target.is_shadow else "sends"
    say(f"Route {name} {would} {size} to {target.destination}:", "green")
    say(f"  {_request(trial.route, target)}{into}")
    say(json.dumps(json.loads(trial.made.item), indent=2))
