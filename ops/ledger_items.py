"""The ledger read from one end to the other, item by item, from wherever somebody stopped."""

import base64
import json
from collections.abc import Iterator, Sequence
from typing import Any

from lambdas.adapters.ledger import unpack
from lambdas.relay.kernel.ports import Item
from ops.connection import Relay
from ops.errors import OpsError

#: read at most by one command, unless more is asked for
READ_MAX = 20_000
#: what reading all of it takes, in words
COST = "about a minute and a cent per million"


def items(relay: Relay, attributes: Sequence[str], after: str = "") -> Iterator[Item]:
    """Every item with these attributes, a page at a time as they are asked for; `after` is a
    `place`. The order means nothing, and is always the same. Raises OpsError for no such place."""
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
    """Where an item stands, as a word that a command line takes."""
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
