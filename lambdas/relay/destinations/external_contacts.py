"""External contacts, bulk enrich: customers made or updated, ten at a time.

`POST /api/v2/externalcontacts/bulk/contacts/enrich` (SDK ExternalContactsApi). Results come in any
order and are matched by `id`, which is ours. With `Upsert`, `Update` or `Merge` a repetition
changes nothing more; a repeated `Insert` is refused, so it doubles nothing either. What is repeated
late can bring back an older value: the relay promises no order.
"""

from collections.abc import Sequence

from lambdas.relay.destinations.destination import ItemFailure
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.results import Row, by_id
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.messages.sealing import SealedEvent


def read_results(document: Json, events: Sequence[SealedEvent]) -> Sequence[ItemFailure] | None:
    """`{"results": [{id, success, status, error: {message, code, retryable}}]}`, one for each."""
    if not isinstance(document, dict) or not isinstance(document.get("results"), list):
        return None
    rows = document["results"]
    named = by_id(rows, events, member="id", of=_id, failure=lambda row: (False, ""))
    if named is None or {result.index for result in named} != set(range(len(events))):
        return None
    failed = [row for row in rows if row.get("success") is not True]
    return by_id(failed, events, member="id", of=_id, failure=_failure)


def _id(row: Row) -> Json:
    return row["id"]


def _failure(row: Row) -> tuple[bool, str]:
    error = row.get("error") or {}
    reason = f"{row.get('status')}: {error.get('code')} {error.get('message')}"
    return error.get("retryable") is True, reason


KIND = Kind(
    name="external-contacts-enrich",
    path="/api/v2/externalcontacts/bulk/contacts/enrich",
    into="entities",
    items=10,
    items_max=10,
    base={"id": "id", "action": "'Upsert'"},
    required=("id", "action", "matchingIdentifiers"),
    read_results=read_results,
    is_repeatable=True,
)
