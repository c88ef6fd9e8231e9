"""The records that need someone, read from the ledger's sparse index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdas.adapters.ledger import ATTENTION_INDEX
from lambdas.relay.requests.record import batch_id_of, record_key
from lambdas.relay.requests.states import OVERDUE, REVIEW
from ops.connection import Relay

PARTITIONS = (REVIEW, OVERDUE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index, and what its record says."""

    attention: str
    batch_id: str
    state: str
    destination: str
    due_at_s: int


def read_attention(relay: Relay, attention: str, most: int) -> Sequence[Entry]:
    """The oldest `most` entries of one partition, with what their records say. An open request is
    due an hour after its sealing, so `due_at_s` may lie in the future: then it is under way, not
    overdue."""
    listed = list(_listed(relay, attention, most))
    items = relay.ledger.find([record_key(batch_id) for batch_id, _ in listed])
    return [
        Entry(attention, batch_id, item["state"], item.get("destination", "?"), due_at_s)
        for (batch_id, due_at_s), item in zip(listed, items, strict=True)
        if item is not None
    ]


def batch_ids(relay: Relay, attention: str, table: str = "") -> Iterator[str]:
    """The requests of one partition, the oldest first; of another table where one is named."""
    return (batch_id for batch_id, _ in _listed(relay, attention, None, table))


def _listed(
    relay: Relay, attention: str, most: int | None, table: str = ""
) -> Iterator[tuple[str, int]]:
    pages = relay.dynamodb.get_paginator("query").paginate(
        TableName=table or relay.output("LedgerTableName"),
        IndexName=ATTENTION_INDEX,
        KeyConditionExpression="attention = :a",
        ExpressionAttributeValues={":a": {"S": attention}},
        PaginationConfig={"MaxItems": most} if most else {},
    )
    for page in pages:
        for item in page["Items"]:
            yield batch_id_of(item["pk"]["S"]), int(item["due_at"]["N"])
