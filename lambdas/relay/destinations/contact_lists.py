"""Outbound contact lists: contacts to be called, a thousand at a time.

`POST /api/v2/outbound/contactlists/{contactListId}/contacts` (SDK OutboundApi): an array in, an
array out, all or nothing. A contact whose `id` is in the list is updated, so with ids chosen by the
mapping a repetition changes nothing. `GET .../contacts/{contactId}`
(OutboundApi.get_outbound_contactlist_contact) shows the contact and its data, so a person is asked
about a request only where Genesys does not show all of its contacts as they were sent.
"""

from dataclasses import replace

from lambdas.relay.destinations.correlation import unheard
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.kind import Kind, Section, Setting
from lambdas.relay.destinations.results import array_answer
from lambdas.relay.destinations.truth import Truth, upserted

PATH = "/api/v2/outbound/contactlists/{contact_list_id}/contacts"


def with_list(destination: Destination, section: Section, where: str) -> Destination:
    """Genesys wants the list's id in every contact too (SDK, WritableDialerContact: required)."""
    named, confirmation = section["contact_list_id"], destination.confirmation
    if confirmation is not None and confirmation.truth is not None:
        path = confirmation.truth.path.replace("{contact_list_id}", named)
        confirmation = replace(confirmation, truth=replace(confirmation.truth, path=path))
    return replace(destination, forced={"contactListId": f"'{named}'"}, confirmation=confirmation)


KIND = Kind(
    name="outbound-contacts",
    path=PATH,
    settings={"contact_list_id": Setting("the id of a contact list", is_needed=True)},
    shape="array",
    items=1000,
    items_max=1000,
    base={"id": "id"},
    required=("id", "data"),
    read_results=array_answer,
    is_repeatable=True,
    adapt=with_list,
    confirmation=unheard(
        key="id",
        shows=("id", "contactListId", "data"),
        truth=Truth(f"{PATH}/{{key}}", upserted, is_of_item=True),
    ),
)
