"""External contacts, bulk enrich: at most 10, results in any order, to be matched by `id`.

SDK ExternalContactsApi, models BulkContactsEnrichRequest and -Response. Upsert, Merge and Update
are idempotent; a second Insert of a known identifier is an error, so it duplicates nothing, either.
"""

from collections.abc import Sequence
from typing import Any

from simulator.caused import Draft, iso
from simulator.endpoints.shape import Call, Plain, Write, found, mapping, mappings, text
from simulator.error_body import Refused
from simulator.items import Item, Rejection, Verdict, digest
from simulator.messages import Reply

ENTITIES_MAX = 10  # SDK, BulkContactsEnrichRequest
IDENTIFIERS_MAX = 25
SOURCES_MIN, SOURCES_MAX = 10, 200  # SDK, get_externalcontacts_externalsources: limit
EXTERNAL_IDS_MAX = 10  # SDK, ExternalContact.externalIds


def _read(call: Call) -> list[Item]:
    if call.query.get("dryRun", "false").lower() == "true":
        raise Refused(400, "dryRun is not simulated")
    entities = mappings(mapping(call.json, "body").get("entities"), "entities")
    return [
        Item(index, text(entity.get("id")) or digest(entity), entity, True, _problem(call, entity))
        for index, entity in enumerate(entities)
    ]


def _problem(call: Call, entity: dict[str, Any]) -> Rejection | None:
    identifiers = entity.get("matchingIdentifiers")
    if not isinstance(identifiers, list) or not 1 <= len(identifiers) <= IDENTIFIERS_MAX:
        return Rejection(400, f"matchingIdentifiers must have 1 to {IDENTIFIERS_MAX}", False)
    if not all(isinstance(part, dict) for part in identifiers):
        return Rejection(400, "matchingIdentifiers must be objects", False)
    if len(_rows(_contact_of(entity), "externalIds")) > EXTERNAL_IDS_MAX:
        return Rejection(400, f"externalIds must have at most {EXTERNAL_IDS_MAX}", False)
    if call.assumptions.external_sources_must_exist and _is_of_no_source(call, entity):
        return Rejection(400, "externalSource is no active external source", False)
    parts = [entity, _contact_of(entity), *_rows(entity, "matchingIdentifiers")]
    if any(not _is_known(call, part.get("division")) for part in parts):
        return Rejection(404, "Division not found", False)
    action, known = entity.get("action"), _contact_id(call, entity) is not None
    if action == "Insert" and known:
        return Rejection(409, "A contact with this identifier already exists", False)
    if action == "Update" and not known:
        return Rejection(404, "No contact with these identifiers", False)
    return None


def _contact_of(entity: dict[str, Any]) -> dict[str, Any]:
    contact = entity.get("contact")
    return contact if isinstance(contact, dict) else {}


def _rows(part: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = part.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _is_of_no_source(call: Call, entity: dict[str, Any]) -> bool:
    """Whether an external id refers to a missing source, or to none; identifiers of other types
    need no source (SDK models ContactIdentifier, ExternalId)."""
    contact = _contact_of(entity)
    identifiers = _rows(entity, "matchingIdentifiers") + _rows(contact, "identifiers")
    external = [row for row in identifiers if "externalSource" in row or _is_external(row)]
    return any(
        not call.org.has_source(row.get("externalSource"))
        for row in external + _rows(contact, "externalIds")
    )


def _is_known(call: Call, division: Any) -> bool:
    """Whether a named division exists."""
    named = division.get("id") if isinstance(division, dict) else None
    return not isinstance(named, str) or named in call.org.divisions


def _is_external(identifier: dict[str, Any]) -> bool:
    return identifier.get("type") == "ExternalId"


def _keys(entity: dict[str, Any]) -> list[str]:
    return [_key(part) for part in entity["matchingIdentifiers"]]


def _key(identifier: dict[str, Any]) -> str:
    """An external id is one of its source."""
    source = identifier.get("externalSource") if _is_external(identifier) else None
    of = f"{source.get('id')}:" if isinstance(source, dict) else ""
    return f"{identifier.get('type')}:{of}{identifier.get('value')}"


def _contact_id(call: Call, entity: dict[str, Any]) -> str | None:
    known = (call.org.contact_ids.get(key) for key in _keys(entity))
    return next((contact_id for contact_id in known if contact_id), None)


def _apply(call: Call, item: Item) -> list[Draft]:
    contact_id = _contact_id(call, item.content) or call.new_id()
    contacts = call.org.external_contacts
    known = contacts.get(contact_id, {"createDate": iso(call.now)})
    contacts[contact_id] = {
        **known,
        **item.content.get("contact", {}),
        "id": contact_id,
        "modifyDate": iso(call.now),
        "selfUri": f"/api/v2/externalcontacts/contacts/{contact_id}",
    }
    call.org.contact_ids.update(dict.fromkeys(_keys(item.content), contact_id))
    return []


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    shuffled = list(verdicts)
    call.rng.shuffle(shuffled)
    results = [_result(call, verdict) for verdict in shuffled]
    failed = [index for index, result in enumerate(results) if not result["success"]]
    return Reply(200, {"results": results, "errorCount": len(failed), "errorIndexes": failed})


def _result(call: Call, verdict: Verdict) -> dict[str, Any]:
    result: dict[str, Any] = {"id": verdict.item.content.get("id")}
    rejection = verdict.rejection
    if rejection is None:
        contact = call.org.external_contacts.get(_contact_id(call, verdict.item.content) or "")
        return result | {"success": True, "status": 200, "entity": contact}
    error = {
        "code": "invalid.value" if not rejection.retryable else "service.unavailable",
        "message": rejection.message,
        "status": rejection.status,
        "retryable": rejection.retryable,
        "details": [],
        "entity": verdict.item.content,
    }
    return result | {"success": False, "status": rejection.status, "error": error}


def _contact(call: Call) -> Reply:
    return Reply(200, found(call.org.external_contacts, call.params["contactId"], "Contact"))


def _lookup(call: Call) -> Reply:
    """SDK, post_externalcontacts_identifierlookup_contacts: "Fetch a contact using an identifier
    type and value"."""
    identifier = mapping(call.json, "body")
    if not text(identifier.get("type")) or not text(identifier.get("value")):
        raise Refused(400, "type and value are required")
    contact_id = found(call.org.contact_ids, _key(identifier), "Contact")
    return Reply(200, found(call.org.external_contacts, contact_id, "Contact"))


_SOURCES = "/api/v2/externalcontacts/externalsources"


def _sources(call: Call) -> Reply:
    """SDK: `name` filters by prefix; pages of `limit`, continued by the cursor."""
    wanted, limit = call.query.get("name", ""), int(call.query.get("limit", "100"))
    if not SOURCES_MIN <= limit <= SOURCES_MAX:
        raise Refused(400, f"limit must be between {SOURCES_MIN} and {SOURCES_MAX}")
    start = int(call.query.get("cursor", "0"))
    every = [s for s in call.org.external_sources.values() if s["name"].startswith(wanted)]
    page: dict[str, Any] = {"entities": every[start : start + limit], "selfUri": _SOURCES}
    if start + limit < len(every):
        page["cursors"] = {"after": str(start + limit)}
    return Reply(200, page)


def _make_source(call: Call) -> Reply:
    body = mapping(call.json, "body")
    if not text(body.get("name")):
        raise Refused(400, "name is required")
    if any(known["name"] == body["name"] for known in call.org.external_sources.values()):
        raise Refused(409, "An external source of this name already exists")
    made_id = call.new_id()
    made = {"active": True, **body, "id": made_id, "selfUri": f"{_SOURCES}/{made_id}"}
    call.org.external_sources[made_id] = made
    return Reply(201, made)


def _source(call: Call) -> Reply:
    source_id = call.params["externalSourceId"]
    return Reply(200, found(call.org.external_sources, source_id, "External source"))


_MAY_SEE_SOURCES = (
    "externalContacts:externalSource:view",
    "externalContacts:contact:view",
    "externalContacts:externalOrganization:view",
)
ENDPOINTS = (
    Write(
        "external-contacts",
        "POST",
        "/api/v2/externalcontacts/bulk/contacts/enrich",
        max_items=ENTITIES_MAX,
        whole_batch=False,
        causes_events=False,
        read=_read,
        apply=_apply,
        answer=_answer,
        permissions=("externalContacts:contact:enrich",),
    ),
    Plain(
        "external-contact",
        "GET",
        "/api/v2/externalcontacts/contacts/{contactId}",
        _contact,
        permissions=("externalContacts:contact:view",),
    ),
    Plain(
        "external-contact-lookup",
        "POST",
        "/api/v2/externalcontacts/identifierlookup/contacts",
        _lookup,
        permissions=("externalContacts:contact:view",),
    ),
    Plain("external-sources", "GET", _SOURCES, _sources, permissions=_MAY_SEE_SOURCES),
    Plain(
        "external-source-made",
        "POST",
        _SOURCES,
        _make_source,
        permissions=("externalContacts:externalSource:add",),
    ),
    Plain(
        "external-source",
        "GET",
        f"{_SOURCES}/{{externalSourceId}}",
        _source,
        permissions=_MAY_SEE_SOURCES,
    ),
)
