"""External contacts, bulk enrich: customers created or updated, ten at a time.

`POST /api/v2/externalcontacts/bulk/contacts/enrich` (SDK ExternalContactsApi). Results come in any
order and are matched by `id`, which the mapping chooses. With `Upsert`, `Update` or `Merge` a
repetition changes nothing; a repeated `Insert` is refused, so it makes no duplicate either. A late
repetition can restore an older value: the relay guarantees no order.

Genesys chooses a contact's id, so no GET finds it. `POST
/api/v2/externalcontacts/identifierlookup/contacts` changes nothing and finds it by one identifier
(ExternalContactsApi.post_externalcontacts_identifierlookup_contacts). After an unknown outcome an
item that is refused, or about which a person would be asked, is done if that contact says what was
to be written.
"""

import json
from collections.abc import Mapping, Sequence

from lambdas.relay.destinations.correlation import unheard
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.results import (
    CONTRADICTION,
    FAILS_SOMEHOW,
    ItemFailure,
    Row,
    Unreadable,
    is_passing,
    merged,
    named_by,
    truth_of,
)
from lambdas.relay.destinations.truth import Comparison, Truth, upserted
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.messages.sealing import SealedEvent


def read_results(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """`{"results": [{id, success, status, error: {message, code, retryable}}], errorCount,
    errorIndexes}`, a result for each (SDK model BulkContactsEnrichResponse)."""
    if not isinstance(document, dict) or "results" not in document:
        return None
    if document.get("errors"):
        return FAILS_SOMEHOW
    named = named_by(document["results"], events, member="id")
    if isinstance(named, Unreadable):
        return named
    taken: set[int] = set()
    failed: list[tuple[int, bool, str]] = []
    for row, places in named:
        match truth_of(row.get("success")):
            case True:
                taken |= places
            case False:
                failed += [(place, *_failure(row)) for place in places]
            case None:
                return Unreadable(Code.SUCCESS_UNSAID())
    return _in_agreement(document, taken, merged(failed), len(events))


def _in_agreement(
    document: Row, taken: set[int], failures: Sequence[ItemFailure], items: int
) -> Sequence[ItemFailure] | Unreadable:
    """The failures, if each item has one result and the summary does not contradict them."""
    missed = {failure.index for failure in failures}
    if taken & missed:
        return CONTRADICTION
    if len(taken) + len(missed) < items:
        return Unreadable(Code.ITEMS_MISSING(len(taken | missed), items))
    if not failures and (document.get("errorCount") or document.get("errorIndexes")):
        return CONTRADICTION
    return failures


def _failure(row: Row) -> tuple[bool, str]:
    error = row.get("error")
    error = error if isinstance(error, dict) else {}
    reason = f"{row.get('status')}: {error.get('code')} {error.get('message')}"
    return is_passing(error.get("retryable"), row.get("status")), reason


def compare(document: Json, expected: Mapping[str, Json]) -> Comparison:
    """Whether the contact has what the request was to write. A contact that others were to be
    merged into does not show whether they were."""
    contact = expected.get("contact", {})
    if expected.get("action") == "Merge" or not isinstance(contact, Mapping):
        return "absent"
    return upserted(document, contact)


def identifier_of(identifiers: Json) -> str:
    """An item's matching identifier; "" if it has several: that a contact is found by one of them
    does not show whether it was given the others."""
    if not isinstance(identifiers, list) or len(identifiers) != 1:
        return ""
    return canonical(identifiers[0]) if isinstance(identifiers[0], dict) else ""


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
    confirmation=unheard(
        key="matchingIdentifiers",
        shows=("action", "contact"),
        truth=Truth(
            "/api/v2/externalcontacts/identifierlookup/contacts",
            compare,
            is_of_item=True,
            key_of=identifier_of,
            question=json.loads,
            nobody=canonical({"type": "Email", "value": "nobody@relay.invalid"}),
        ),
    ),
)
