"""The records that need attention, read from the ledger's sparse index."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdas.adapters.ledger import ATTENTION_INDEX
from lambdas.relay.requests.record import Record, batch_id_of, record_key
from lambdas.relay.requests.states import OVERDUE, REVIEW
from ops.connection import Relay

PARTITIONS = (REVIEW, OVERDUE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the index, with its record's contents."""

    attention: str
    batch_id: str
    state: str
    destination: str
    due_at_s: int


def read_attention(relay: Relay, attention: str, most: int) -> Sequence[Entry]:
    """The oldest `most` entries of one partition, with their records' contents. An open request's
    `due_at_s` is an hour after its sealing, so it may lie in the future: the request is then in
    progress, not overdue."""
    listed = list(_listed(relay, attention, most))
    items = relay.ledger.find([record_key(batch_id) for batch_id, _ in listed])
    return [
        Entry(attention, batch_id, record.state, record.destination or "?", due_at_s)
        for (batch_id, due_at_s), item in zip(listed, items, strict=True)
        if item is not None
        for record in [Record.of(item)]
    ]


def batch_ids(relay: Relay, attention: str, table: str = "") -> Iterator[str]:
    """The requests of one partition, oldest first; `table` reads another table than the relay's."""
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
