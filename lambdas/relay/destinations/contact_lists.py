"""Outbound contact lists: contacts to be called, a thousand at a time.

`POST /api/v2/outbound/contactlists/{contactListId}/contacts` (SDK OutboundApi): an array in, an
array out, all or nothing. A contact whose `id` is in the list is updated, so with ids chosen by the
mapping a repetition changes nothing.
"""

from dataclasses import replace

from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import array_answer


def with_list(destination: Destination, section: Section, where: str) -> Destination:
    """Genesys wants the list's id in every contact too (SDK, WritableDialerContact: required)."""
    return replace(destination, forced={"contactListId": f"'{section['contact_list_id']}'"})


KIND = Kind(
    name="outbound-contacts",
    path="/api/v2/outbound/contactlists/{contact_list_id}/contacts",
    settings={"contact_list_id": Setting("the id of a contact list", is_needed=True)},
    shape="array",
    items=1000,
    items_max=1000,
    base={"id": "id"},
    required=("id", "data"),
    read_results=array_answer,
    is_repeatable=True,
    adapt=with_list,
)
