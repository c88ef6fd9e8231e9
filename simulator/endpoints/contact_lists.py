"""Outbound contact lists: at most 1,000 contacts, upsert by `id`, one error for the whole call.

SDK OutboundApi.post_outbound_contactlist_contacts, models WritableDialerContact, DialerContact.
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft, iso
from simulator.endpoints.shape import Call, Plain, Write, found, mappings, text
from simulator.items import Item, Verdict, digest
from simulator.messages import Reply

CONTACTS_MAX = 1000  # Genesys community, lead-id thread


def _read(call: Call) -> list[Item]:
    found(call.org.contact_lists, call.params["contactListId"], "Contact list")
    return [_item(index, contact) for index, contact in enumerate(mappings(call.json, "body"))]


def _item(index: int, contact: dict[str, Any]) -> Item:
    """Without an id in the item each call makes another contact: not idempotent."""
    own_id = text(contact.get("id"))
    return Item(index, own_id or digest(contact), contact, bool(own_id), None)


def _key(call: Call, contact_id: str) -> str:
    return f"{call.params['contactListId']}/{contact_id}"


def _apply(call: Call, item: Item) -> list[Draft]:
    key = _key(call, item.id)
    known = call.org.dialer_contacts.get(key, {"dateCreated": iso(call.now), "callable": True})
    call.org.dialer_contacts[key] = {
        **known,
        **item.content,
        "id": item.id,
        "contactListId": call.params["contactListId"],
        "selfUri": f"/api/v2/outbound/contactlists/{call.params['contactListId']}"
        f"/contacts/{item.id}",
    }
    return []


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    keys = [_key(call, verdict.item.id) for verdict in verdicts]
    return Reply(200, [call.org.dialer_contacts[key] for key in keys])


def _contact(call: Call) -> Reply:
    key = _key(call, call.params["contactId"])
    return Reply(200, found(call.org.dialer_contacts, key, "Contact"))


_CONTACTS = "/api/v2/outbound/contactlists/{contactListId}/contacts"
ENDPOINTS = (
    Write(
        "contact-lists",
        "POST",
        _CONTACTS,
        max_items=CONTACTS_MAX,
        whole_batch=True,
        causes_events=False,
        read=_read,
        apply=_apply,
        answer=_answer,
        permissions=("outbound:contact:add",),
    ),
    Plain(
        "contact-list-contact",
        "GET",
        f"{_CONTACTS}/{{contactId}}",
        _contact,
        permissions=("outbound:contact:view",),
    ),
)
