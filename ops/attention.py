"""The records that need someone, read from the ledger's sparse index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lambdas.adapters.ledger import ATTENTION_INDEX
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.requests.states import OVERDUE, REVIEW
from ops.connection import Relay

PARTITIONS = (REVIEW, OVERDUE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index."""

    attention: str
    batch_id: str
    state: str
    destination: str
    due_at_s: int

    @classmethod
    def of(cls, item: dict[str, Any]) -> "Entry":
        return cls(
            attention=item["attention"]["S"],
            batch_id=batch_id_of(item["pk"]["S"]),
            state=item.get("state", {}).get("S", "?"),
            destination=item.get("destination", {}).get("S", "?"),
            due_at_s=int(item["due_at"]["N"]),
        )


def read_attention(relay: Relay, attention: str, most: int | None) -> Sequence[Entry]:
    """The oldest `most` entries of one partition; None: all of them. An open request is due an
    hour after its sealing, so `due_at_s` may lie in the future: then it is under way, not overdue.
    """
    pages = relay.dynamodb.get_paginator("query").paginate(
        TableName=relay.output("LedgerTableName"),
        IndexName=ATTENTION_INDEX,
        KeyConditionExpression="attention = :a",
        ExpressionAttributeValues={":a": {"S": attention}},
        PaginationConfig={"MaxItems": most} if most else {},
    )
    return [Entry.of(item) for page in pages for item in page["Items"]]
