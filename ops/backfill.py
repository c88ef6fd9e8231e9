"""`relay backfill`: makes events that never arrived from Genesys' own record, on a person's order.

The order names every event and is stored in the ledger before the first of them is sent. The events
go to the events queue like a replay, under the order's name. So intake, dedup and the later
functions treat them like Genesys' own events, and know that they were made here. If both a made and
a genuine event arrive, the second one is a copy (ledger/claims.py).
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
    """The missing events that can be made, by identity; why others cannot be, by detail-type."""

    events: Mapping[str, Expected]
    left: Mapping[str, str]


def backfill(
    context: typer.Context,
    since: Annotated[str, typer.Option("--from", help="Start of the period, ISO 8601.")],
    until: Annotated[str, typer.Option("--to", help="End of the period, exclusive.")],
    reason: Annotated[str, typer.Option(help="Why they are made; this is recorded.")] = "",
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Make them. Without it, the plan is shown and nothing is made."),
    ] = False,
) -> None:
    """Make the events that never arrived from Genesys' own record. Without --yes it only shows
    them; a genuine event that arrives later is then a copy."""
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
            + " To make them, repeat it with --reason and --yes." * bool(plan.events)
        )
        return
    name = f"{BACKFILL}{secrets.token_hex(8)}"
    if len(plan.events) > redelivery.EVENTS_MAX:
        raise OpsError(
            f"{len(plan.events)} events, but one order can name at most {redelivery.EVENTS_MAX}: "
            "choose a shorter period, and order the rest afterwards."
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
    """The messages that a backfill order sends."""
    source = configuration.reader.partner_source or ANY_SOURCE
    return [Outgoing(json.dumps(event.envelope(source, name))) for event in plan.events.values()]


def planned(found: Audit, configuration: Configuration) -> Plan:
    """The events that can be made so that a genuine one would be recognised as a copy: their type
    is identified by the rule `moment`, and the times of all genuine events of the type matched
    Genesys' record."""
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
            left[event.detail_type] = "some share session and time, so they cannot be told apart"
        else:
            events[identity] = event
    return Plan({name: each for name, each in events.items() if name not in twice}, left)


def _unproven(agreement: Agreement) -> str:
    if agreement.other:
        return (
            f"{plural(agreement.other, 'event')} of this type arrived with a time that differs "
            "from Genesys' record"
        )
    return (
        "no event of this type arrived in this period, so it is unknown whether its times agree "
        "with Genesys' record: choose a longer period"
    )
