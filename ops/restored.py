"""`relay mark-restored`: handles what was in progress at the time a ledger was restored to."""

from typing import Annotated

import typer

from lambdas.adapters.ledger import DynamoLedger
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.ports import Ledger
from lambdas.relay.kernel.vault_keys import REVIEW
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import doubting
from lambdas.relay.requests.states import OVERDUE
from lambdas.relay.review.cases import relisted
from ops.attention import batch_ids
from ops.connection import CLOCK
from ops.screen import plural
from ops.session import Session, session_of


def mark_restored(
    context: typer.Context,
    table: Annotated[str, typer.Option(help="The restored table, before the relay uses it.")],
) -> None:
    """Mark in a restored ledger what may have been sent since, and list again the cases that have
    come up since. Safe to repeat.

    The marked requests are then treated as any whose outcome is unknown.
    """
    session = session_of(context)
    ledger = DynamoLedger(session.relay.dynamodb, table)
    marked = 0
    for batch_id in batch_ids(session.relay, OVERDUE, table):
        marked += ledger.change(*record_key(batch_id), *doubting()).applied
    found = _relisted(session, ledger)
    session.screen.document({"table": table, "marked": marked, "relisted": found})
    session.screen.say(f"{plural(marked, 'request')} of {table} may have been sent since.")
    session.screen.say(f"{plural(found, 'case')} listed for review again.")


def _relisted(session: Session, ledger: Ledger) -> int:
    """How many cases the restored ledger has no record of, and gets one. What cannot be read is
    named, and keeps no other from it."""
    relay, found = session.relay, 0
    pages = relay.s3.get_paginator("list_objects_v2").paginate(
        Bucket=relay.output("VaultBucketName"), Prefix=REVIEW
    )
    for key in [row["Key"] for page in pages for row in page.get("Contents", [])]:
        text = relay.vault.fetch(key)
        try:
            item = None if text is None else relisted(text, CLOCK.now_ms())
        except (Malformed, LookupError, TypeError, AttributeError) as error:
            session.screen.note(f"{key} is left out, since it cannot be read: {error}")
            continue
        if item is not None:
            found += ledger.insert([item])[0].applied
    return found
