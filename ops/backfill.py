"""`relay backfill`: events of what never came, made of Genesys' own record because a person wants
it so.

The order names every event and is on record in the ledger before the first of them is sent. They go
to the events queue as a replay of the bus would bring them, under the order's name; so intake,
dedup and everything behind them treat them as they treat Genesys' own, and know that they are
made. Whichever of a made and a genuine event comes second is a copy (ledger/claims.py).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from lambdas.relay.audit.auditing import ANY_SOURCE, Audit, identity_of
from lambdas.relay.audit.comparison import Agreement
from lambdas.relay.audit.record import Expected
from lambdas.relay.entrances.arrivals import BACKFILL
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.ledger import redelivery
from lambdas.relay.routes.configuration import Configuration
from ops import deployed, missing
from ops.connection import CLOCK
from ops.errors import OpsError
from ops.screen import plural
from ops.session import person, reason_given, session_of


@dataclass(frozen=True, slots=True)
class Plan:
    """What of the missing can be made, by identity, and why the others cannot, by detail-type."""

    events: Mapping[str, Expected]
    left: Mapping[str, str]


def backfill(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="The first moment, ISO 8601.")],
    until: Annotated[str, typer.Option("--to", help="The moment after the last one.")],
    reason: Annotated[str, typer.Option(help="Why they are created; kept on record.")] = "",
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Create them. Without this, only shows what would be created."),
    ] = False,
) -> None:
    """Make events of what never came, from Genesys' own record. Says first what it would make; a
    genuine event that comes late is then a copy."""
    session = session_of(context)
    relay, screen = session.relay, session.screen
    why = reason_given(reason, "--reason") if yes else ""
    found = missing.audited(relay, missing.period(since, until, CLOCK.now_ms()))
    configuration = deployed.configuration(relay)
    plan = planned(found, configuration)
    row = {"events": sorted(plan.events), "left": dict(plan.left), "state": "DRY_RUN"}
    missing.show(found, screen)
    for detail_type, cause in plan.left.items():
        screen.note(f"Not made: {detail_type}: {cause}.")
    what = f"{plural(len(plan.events), 'event')} would be made"
    if not plan.events or not yes:
        screen.document(row)
        screen.say(
            f"{what}. Nothing was changed."
            + " Repeat it with --reason and --yes." * bool(plan.events)
        )
        return
    name = f"{BACKFILL}{secrets.token_hex(8)}"
    if len(plan.events) > redelivery.EVENTS_MAX:
        raise OpsError(
            f"{len(plan.events)} events; one order can name {redelivery.EVENTS_MAX}: say a shorter "
            "time, and order the rest afterwards."
        )
    ordered = redelivery.order(name, plan.events, [], person(), why, CLOCK.now_ms())
    relay.ledger.insert([ordered])
    messages = envelopes(plan, configuration, name)
    relay.queue(relay.line("events").url).send(messages)
    screen.document({**row, "backfill": name, "state": "SENT"})
    screen.say(
        f"Made {plural(len(messages), 'event')}. Follow them with: relay list --field "
        f"backfill={name}",
        "green",
    )


def envelopes(plan: Plan, configuration: Configuration, name: str) -> list[Outgoing]:
    """The messages that an order sends."""
    source = configuration.reader.partner_source or ANY_SOURCE
    return [Outgoing(json.dumps(event.envelope(source, name))) for event in plan.events.values()]


def planned(found: Audit, configuration: Configuration) -> Plan:
    """What can be made such that a genuine event is recognised: what is known by its moment, of
    types of which genuine events had the record's moments, each of them."""
    events: dict[str, Expected] = {}
    left: dict[str, str] = {}
    twice: set[str] = set()
    for event in found.comparison.missing:
        identity = identity_of(event, configuration)
        agreement = found.comparison.agreement.get(event.detail_type, Agreement())
        if identity is None:
            left[event.detail_type] = (
                "the identity rule of this type is not moment (docs/identity.md), so a genuine "
                "event that arrives late would not be recognised as a copy"
            )
        elif not agreement.is_shown:
            left[event.detail_type] = _unproven(agreement)
        elif identity in events:
            twice.add(identity)
            left[event.detail_type] = "some share a session and a moment, and cannot be told apart"
        else:
            events[identity] = event
    return Plan({name: each for name, each in events.items() if name not in twice}, left)


def _unproven(agreement: Agreement) -> str:
    if agreement.other:
        return (
            f"{plural(agreement.other, 'event')} of this type came with another moment than "
            "Genesys' record has"
        )
    return (
        "no event of this type came in this time that would show that Genesys' record has the "
        "moments of its events: choose a longer time"
    )
