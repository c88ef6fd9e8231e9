"""`relay mark-restored`: handles what was in progress at the time a ledger was restored to."""

from typing import Annotated

import typer

from lambdas.adapters.ledger import DynamoLedger
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import doubting
from lambdas.relay.requests.states import OVERDUE
from ops.attention import batch_ids
from ops.screen import plural
from ops.session import session_of


def mark_restored(
    context: typer.Context,
    table: Annotated[str, typer.Option(help="The restored table, before the relay uses it.")],
) -> None:
    """Mark in a restored ledger what may have been sent since. Safe to repeat.

    Such requests are then treated as any whose outcome is unknown.
    """
    session = session_of(context)
    ledger = DynamoLedger(session.relay.dynamodb, table)
    marked = 0
    for batch_id in batch_ids(session.relay, OVERDUE, table):
        marked += ledger.change(*record_key(batch_id), *doubting()).applied
    session.screen.document({"table": table, "marked": marked})
    session.screen.say(f"{plural(marked, 'request')} of {table} may have been sent since.")
