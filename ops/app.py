"""The command line `relay`: its options and commands."""

from pathlib import Path
from typing import Annotated

import typer

from ops import (
    backfill,
    cost,
    dead_letters,
    forgetting,
    import_claims,
    listing,
    missing,
    overview,
    redeliver,
    repetition,
    replay_archive,
    restored,
    review,
    setup_journey,
)
from ops.connection import CLOCK, ENDPOINT_FILE, Target, connect
from ops.console.command import open_console
from ops.doctor import doctor as examine
from ops.errors import OpsError
from ops.ledger_items import READ_MAX
from ops.screen import Screen
from ops.session import Session, session_of
from ops.status import status as show_status
from ops.status import watch as watch_status
from ops.trace import trace as show_trace
from ops.try_event import try_event
from stacks.configuration import ENVIRONMENTS
from stacks.version import VERSION

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=(
        "genesys-relay for on-call engineers: from alarm to answer to redrive.\n\n"
        "Options such as --json may also follow the command."
    ),
)


def _say_version(context: typer.Context, is_asked: bool) -> None:
    if is_asked:
        screen = Screen(as_json=bool(context.params.get("as_json")))
        screen.document({"version": VERSION})
        screen.say(VERSION)
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            envvar="RELAY_ENVIRONMENT",
            help="Which relay: its environment's name or file.",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="The AWS profile to use; {environment} is replaced by its name."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="The AWS region of the stack, if not its file's.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="The local run that `make run` has started.")
    ] = False,
    endpoint_file: Annotated[
        Path, typer.Option(hidden=True, help="The file in which the local run states its address.")
    ] = ENDPOINT_FILE,
    as_json: Annotated[
        bool,
        typer.Option("--json", is_eager=True, help="Print one JSON document instead of text."),
    ] = False,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Show the release and exit."
        ),
    ] = False,
) -> None:
    target = Target(environment, profile, region, endpoint_file if local else None)
    context.obj = Session(target, Screen(as_json=as_json))


@app.command(short_help="The relay's state: does anything need attention?")
def status(
    context: typer.Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh every five seconds, until Ctrl-C.")
    ] = False,
    every: Annotated[
        bool,
        typer.Option(
            "--all",
            help="All environments in environments/, one line each.",
        ),
    ] = False,
) -> None:
    """The relay's state: alarms, cases, queues, pace, breakers, version. Exit code 0 only if
    nothing needs attention, 1 if something does."""
    session = session_of(context)
    if every:
        if session.target.endpoint_file is not None or watch:
            raise OpsError("--all reads environments on AWS, once: leave out --local and --watch.")
        environments = overview.names(ENVIRONMENTS)
        if not overview.overview(environments, session.target, connect, session.screen):
            raise typer.Exit(1)
        return
    look = watch_status if watch else show_status
    if not look(session.relay, session.screen):
        raise typer.Exit(1)


@app.command(short_help="The full history of an event.")
def trace(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help=(
                "An id or the beginning of one: of a conversation, an event (identity, envelope, "
                "correlation id, the sender's own id, its id in Genesys), a request or a message. "
                "Also any text in a payload that has not been delivered yet."
            )
        ),
    ],
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Search the whole ledger if necessary; this costs reads."),
    ] = False,
    sender: Annotated[
        str,
        typer.Option(help="NAME is this sender's own id for the event."),
    ] = "",
) -> None:
    """An event's full history: envelope, identity, batch, attempts, answer, confirmation."""
    session = session_of(context)
    show_trace(session.relay, session.screen, name, sender=sender, thorough=thorough)


@app.command("list", short_help="Events by time, topic, state and field.")
def list_events(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--from", help="Claimed since then: ISO 8601, or how long ago: 2h, 3d.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="Claimed before then.")] = "",
    topic: Annotated[
        str,
        typer.Option(
            help="A topic as tables show it, or a pattern of the whole one: * matches anything."
        ),
    ] = "",
    destination: Annotated[str, typer.Option(help="Only this destination.")] = "",
    state: Annotated[
        str, typer.Option(help="A state, or a word of its description: OPEN, REJECTED, delivered.")
    ] = "",
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help=f"name=value; can be repeated; names: {', '.join(listing.NAMES)}.",
        ),
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, help="At most this many events.")
    ] = listing.MOST_DEFAULT,
    read: Annotated[
        int, typer.Option(min=1, help="Read at most this many items of the ledger.")
    ] = READ_MAX,
    same_content: Annotated[
        bool,
        typer.Option(
            "--same-content",
            help=(
                "Only events with the same content as another one: a state that came back, or an "
                "event that was published again."
            ),
        ),
    ] = False,
    after: Annotated[str, typer.Option(help="Continue where the previous answer ended.")] = "",
) -> None:
    """Events by time, topic, destination, state and field. It reads the ledger from one end to the
    other, a limited part at a time, and says how to continue."""
    session = session_of(context)
    meant = listing.wanted(
        since, until, topic, destination, state, fields or [], CLOCK.now_ms(), same_content
    )
    found = listing.find(session.relay, meant, most=most, read_max=read, after=after)
    listing.show(found, session.screen)


@app.command(short_help="Check everything that the relay depends on.")
def doctor(context: typer.Context) -> None:
    """Check everything that the relay depends on; each line says what to do. Exit code 1 if
    something is wrong."""
    session = session_of(context)
    if not examine(session.relay, session.screen):
        raise typer.Exit(1)


# the order of `relay --help`: first what somebody needs at night
app.command("console", short_help="The same as a local web page.")(open_console)
app.command("replay-archive", short_help="Replay a bus's archive.")(replay_archive.replay_archive)
app.command("redeliver", short_help="Deliver events again on purpose.")(redeliver.redeliver)
app.command("audit", short_help="List events that never arrived.")(missing.show_audit)
app.command("backfill", short_help="Make the events that never arrived.")(backfill.backfill)
app.command("forget")(forgetting.forget)
app.command("mark-restored", short_help="Mark what is uncertain in a restored ledger.")(
    restored.mark_restored
)
app.command("import-claims", short_help="Claim what another consumer has handled.")(
    import_claims.import_claims
)
app.command("try", short_help="Which routes take an event, and what would be sent.")(try_event)
app.command("try-mapping", hidden=True)(try_event)  # the older name
app.command("probe", short_help="Try repeated keys and ids in a sandbox.")(repetition.probe)
app.command("cost", short_help="What a month of events costs.")(cost.cost)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(review.app, name="review")
app.add_typer(setup_journey.app, name="setup")
