"""Conversation events ("bring your own interactions"): interactions that took place elsewhere.

`POST /api/v2/events/conversations` (SDK EventsApi): up to 32 lists in one request, one for each
type of event; every event has an `eventId` and belongs to a conversation whose id we choose.
Failures are named by `eventId`. Genesys does not document the effect of a repeated one, and a
conversation does not show which events made it, so it cannot be read back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lambdas.relay.destinations.conversations import TOPIC, TRUTH_PATH
from lambdas.relay.destinations.correlation import ROUTED_WINDOW_S, Confirmation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import (
    ItemFailure,
    Row,
    Unreadable,
    failures_among,
    is_passing,
)
from lambdas.relay.destinations.truth import Truth, stands
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.messages.sealing import SealedEvent

#: which list an event goes into; `lists` in the configuration replaces this
LISTS: Mapping[str, str] = {
    "*.customer.start": "externalEstablishedEvents",
    "*.acd.start": "routingEstablishedEvents",
    "*.user.start": "userEstablishedEvents",
    "*.wrapup": "communicationDispositionAppliedEvents",
    "*.customer.end": "communicationEndedEvents",
    "*.user.end": "communicationEndedEvents",
}
#: members that every type of event has; ids must be of version 4
ITEM: Mapping[str, Json] = {
    "eventDateTime": "occurred_at",
    "conversationId": "conversation_id",
    "communicationId": "body.communicationId || body.sessionId",
    "code": "body.wrapupCode",
}


def read_results(
    document: Json, events: Sequence[SealedEvent]
) -> Sequence[ItemFailure] | Unreadable | None:
    """`{"errors": [{eventId, message, retryable}]}` (SDK model BatchEventResponse), `{}` where
    there are none."""
    if not isinstance(document, dict) or (document and "errors" not in document):
        return None
    return failures_among(document.get("errors"), events, member="eventId", failure=_failure)


def _failure(row: Row) -> tuple[bool, str]:
    return is_passing(row.get("retryable"), row.get("status")), str(row.get("message"))


def with_lists(destination: Destination, section: Section, where: str) -> Destination:
    """`lists = { "<pattern of detail-types>" = "<list>" }`"""
    lists: Mapping[str, str] = section.get("lists", LISTS)
    if not lists or not all(lists.values()):
        raise ValueError(f"{where}.lists must name the list for each pattern of detail-types")
    return replace(destination, lists=dict(lists))


KIND = Kind(
    name="conversation-events",
    path="/api/v2/events/conversations",
    settings={"lists": Setting("a table of patterns and names of lists", dict[str, str])},
    base={"eventId": "id_v4"},
    item=ITEM,
    required=("eventId", "eventDateTime", "conversationId"),
    read_results=read_results,
    adapt=with_lists,
    # Interactions that the relay brings in: it chose the conversation's id, and owns all its
    # events.
    confirmation=Confirmation(
        match="conversation",
        topics=(f"{TOPIC}*",),
        window_s=ROUTED_WINDOW_S,
        key="conversationId",
        truth=Truth(TRUTH_PATH, stands),
    ),
    # Mirrored under the ids of real conversations, those conversations' own events would look like
    # ours.
    confirms_on_request=True,
)
