"""Reads the ledger from end to end, item by item, from any earlier stopping point."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from lambdas.adapters.ledger import unpack
from lambdas.relay.kernel.ports import Item
from ops.connection import Relay
from ops.errors import OpsError

#: the most that one command reads, unless more is asked for
READ_MAX = 20_000
#: the time and cost of reading all of it, in words
COST = "about a minute and a cent per million"


def items(relay: Relay, attributes: Sequence[str], after: str = "") -> Iterator[Item]:
    """Every item with these attributes, page by page on demand; `after` is a `place`. The order is
    arbitrary, but always the same. Raises OpsError if there is no such place."""
    names = {f"#{number}": name for number, name in enumerate(attributes)}
    begin: Any = {"ExclusiveStartKey": _key(after)} if after else {}
    pages = relay.dynamodb.get_paginator("scan").paginate(
        TableName=relay.output("LedgerTableName"),
        ProjectionExpression=", ".join(names),
        ExpressionAttributeNames=names,
        **begin,
    )
    for page in pages:
        yield from map(unpack, page["Items"])


def place(item: Item) -> str:
    """An item's position, as a word for the command line."""
    said = json.dumps([item["pk"], item["sk"]]).encode()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _key(after: str) -> dict[str, dict[str, str]]:
    try:
        said = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        pk, sk = json.loads(said)
    except (ValueError, TypeError):
        raise OpsError(
            f"{after} is not a valid place to continue from: copy it from the last answer."
        ) from None
    return {"pk": {"S": str(pk)}, "sk": {"S": str(sk)}}
