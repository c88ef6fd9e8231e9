"""`relay redeliver`: delivers events once more that were delivered, on a person's order.

Nothing else delivers an event a second time. The order names every event and is stored in the
ledger before the bus's archive is replayed under its name (lambdas/relay/ledger/redelivery.py). So
events that it does not name stay delivered once, and those it names go out once more, not twice.
"""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import typer

from lambdas.relay.entrances.arrivals import REDELIVERY
from lambdas.relay.ledger import redelivery
from ops import archives, listing
from ops.connection import CLOCK, Relay
from ops.errors import OpsError
from ops.event_history import Way
from ops.ledger_items import READ_MAX
from ops.replay_archive import follow
from ops.screen import plural
from ops.session import person, reason_given, session_of

#: the longest time between an event's publication and its claim: the replay starts this much
#: earlier than --from
EARLIER = timedelta(days=1)
DELIVERED = "delivered"


def redeliver(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="Claimed since then, ISO 8601.")],
    until: Annotated[str, typer.Option("--to", help="Claimed before then, ISO 8601.")],
    note: Annotated[str, typer.Option(help="Why they must be sent again; this is recorded.")],
    route: Annotated[
        str, typer.Option(help="Only the requests of this route; without it, those of all routes.")
    ] = "",
    topic: Annotated[
        str,
        typer.Option(
            help="A topic as tables show it, or a pattern of the whole one: * matches anything."
        ),
    ] = "",
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help=f"name=value; names: {', '.join(listing.NAMES)}."),
    ] = None,
    bus: Annotated[
        Literal["partner", "relay"],
        typer.Option(help="Which bus: Genesys' partner bus or the relay's own."),
    ] = "partner",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Deliver events again on purpose: each event that it lists takes effect once more."""
    session = session_of(context)
    relay, screen = session.relay, session.screen
    why = reason_given(note)
    first, last = archives.moment(since), archives.moment(until)
    now = datetime.fromtimestamp(CLOCK.now_ms() / 1000, UTC)
    archives.check(first, last, now)
    published = max(first - EARLIER, now - archives.REPLAYED_MAX)
    routes = [route] if route else []
    narrowed = [f"entrance={bus}", *(f"route={name}" for name in routes), *(fields or [])]
    meant = listing.wanted(since, until, topic, "", DELIVERED, narrowed, now_ms=CLOCK.now_ms())
    found = _delivered(relay, meant)
    events = sorted({way.event.identity for way in found})
    row = {"events": events, "routes": routes, "state": "DRY_RUN"}
    if not events:
        screen.document(row)
        screen.say("No delivered event matches: nothing to do. `relay list` shows events.")
        return
    listing.table(found, screen)
    what = f"{plural(len(events), 'event')} would take effect once more"
    if dry_run:
        screen.document(row)
        screen.say(f"{what}. Nothing was changed.")
        return
    archive = archives.archive_of(relay, bus, published)
    screen.confirm(f"{what}. Deliver them again?", yes=yes)
    name = f"{REDELIVERY}{secrets.token_hex(8)}"
    ordered = redelivery.order(name, events, routes, person(), why, CLOCK.now_ms())
    relay.ledger.insert([ordered])
    state = follow(session, archives.start(relay, archive, published, last, name))
    screen.document({**row, "redelivery": name, "state": state})
    if state != "COMPLETED":
        raise OpsError(
            f"EventBridge ended the replay {name} as {state}: some events may not have arrived. "
            f"`relay list --field redelivery={name}` lists those that did; order the others again."
        )
    screen.say(f"Replayed. Follow it with: relay list --field redelivery={name}", "green")


def _delivered(relay: Relay, meant: listing.Wanted) -> Sequence[Way]:
    """Raises OpsError if one order cannot name them all."""
    most = redelivery.EVENTS_MAX
    found: list[Way] = []
    after = ""
    while True:
        listed = listing.find(relay, meant, most=most + 1, read_max=READ_MAX, after=after)
        found += listed.ways
        after = listed.further
        if len(found) > most:
            raise OpsError(
                f"More than {most:,} events match: name a shorter period, a topic, a route or a "
                "field, and order the rest afterwards."
            )
        if not after:
            return found
