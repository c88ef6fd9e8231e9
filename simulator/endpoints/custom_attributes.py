"""Custom attributes of a conversation in bulk: PUT replaces, PATCH merges, result by `id`.

SDK ConversationsApi, model CustomAttributesBulkUpdateResponseMap. `version` is not checked here.
"""

from collections.abc import Callable, Sequence

from simulator.caused import Draft
from simulator.endpoints.shape import Call, Write, found, mappings, text
from simulator.items import Item, Rejection, Verdict
from simulator.messages import Reply


def _read(call: Call) -> list[Item]:
    found(call.org.conversations, call.params["conversationId"], "Conversation")
    missing = Rejection(400, "id is required", False)
    return [
        Item(index, text(part.get("id")), part, True, None if text(part.get("id")) else missing)
        for index, part in enumerate(mappings(call.json, "body"))
    ]


def _key(call: Call, item: Item) -> str:
    return f"{call.params['conversationId']}/{item.id}"


def _apply(merge: bool) -> Callable[[Call, Item], list[Draft]]:
    def apply(call: Call, item: Item) -> list[Draft]:
        stored = call.org.custom_attributes
        known = stored.get(_key(call, item), {"version": 0, "customAttributes": {}})
        values = item.content.get("customAttributes") or {}
        stored[_key(call, item)] = {
            **item.content,
            "version": known["version"] + 1,
            "customAttributes": {**known["customAttributes"], **values} if merge else values,
        }
        return []

    return apply


def _answer(call: Call, verdicts: Sequence[Verdict]) -> Reply:
    results = {}
    for verdict in verdicts:
        rejection = verdict.rejection
        if rejection is None:
            attributes = call.org.custom_attributes[_key(call, verdict.item)]
            results[verdict.item.id] = {"attributes": attributes, "statusCode": 200}
        else:
            failed = {"statusCode": rejection.status, "errorMessage": rejection.message}
            results[verdict.item.id] = failed
    return Reply(200, {"results": results})


ENDPOINTS = tuple(
    Write(
        "custom-attributes",
        method,
        "/api/v2/conversations/{conversationId}/customattributes/bulk",
        max_items=None,
        whole_batch=False,
        causes_events=False,
        read=_read,
        apply=_apply(merge=method == "PATCH"),
        answer=_answer,
        permissions=("conversation:customAttributes:edit",),
    )
    for method in ("PUT", "PATCH")
)
