"""What AWS accepts and what it always refuses, according to its documentation.

An item's size: CapacityUnitCalculations.html of docs.aws.amazon.com/amazondynamodb's guide.
A message's: quotas-messages.html of docs.aws.amazon.com/AWSSimpleQueueService's guide.
"""

import re
from collections.abc import Mapping
from typing import Any

from lambdas.relay.kernel.errors import Impossible
from lambdas.relay.kernel.field_types import is_encodable
from lambdas.relay.kernel.limits import (
    DYNAMODB_ITEM_BYTES_MAX,
    DYNAMODB_NUMBER_DIGITS_MAX,
    DYNAMODB_PARTITION_KEY_BYTES_MAX,
    DYNAMODB_SORT_KEY_BYTES_MAX,
    SQS_MESSAGE_BYTES_MAX,
)
from lambdas.relay.kernel.ports import Item, Outgoing
from lambdas.relay.kernel.reasons import Code

#: no character or element of an item takes more than four bytes, so an item whose text form has
#: this many characters is small enough; the text form also reveals invalid values
SHOWN_SMALL = DYNAMODB_ITEM_BYTES_MAX // 4
_REMARKABLE = re.compile(rf"\\ud[89a-f]|\d{{{DYNAMODB_NUMBER_DIGITS_MAX + 1}}}")


def item_bytes(item: Item) -> int:
    return sum([_text(name) + _bytes(value) for name, value in item.items()])


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        # Two digits per byte, plus a byte; another for a sign.
        return (len(str(abs(value))) + 1) // 2 + 1 + (value < 0)
    if isinstance(value, Mapping):
        return 3 + sum([1 + _text(name) + _bytes(each) for name, each in value.items()])
    return 3 + sum([1 + _bytes(each) for each in value])


def _text(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))


def refuse_key(pk: str, sk: str) -> None:
    """Raises Impossible where DynamoDB answers ValidationException."""
    for name, value, most in (
        ("partition", pk, DYNAMODB_PARTITION_KEY_BYTES_MAX),
        ("sort", sk, DYNAMODB_SORT_KEY_BYTES_MAX),
    ):
        if not 0 < _text(value) <= most:
            raise Impossible(Code.QUOTED(f"a {name} key has 1 to {most} bytes, not {_text(value)}"))


def refuse_item(item: Item) -> None:
    """Raises Impossible where DynamoDB answers ValidationException."""
    refuse_key(item["pk"], item["sk"])
    shown = repr(item)
    if len(shown) < SHOWN_SMALL and not _REMARKABLE.search(shown):
        return
    if item_bytes(item) > DYNAMODB_ITEM_BYTES_MAX:
        raise Impossible(
            Code.QUOTED(
                f"the item has {item_bytes(item)} bytes; DynamoDB takes {DYNAMODB_ITEM_BYTES_MAX}"
            )
        )
    _refuse_values(item)


def _refuse_values(value: Any) -> None:
    if isinstance(value, str):
        # HowItWorks.NamingRulesDataTypes: strings are UTF-8; a lone surrogate is invalid.
        if not is_encodable(value):
            raise Impossible(Code.QUOTED("a string holds half a character"))
    elif isinstance(value, int):
        if len(str(abs(value)).rstrip("0")) > DYNAMODB_NUMBER_DIGITS_MAX:
            raise Impossible(
                Code.QUOTED(f"a number has {DYNAMODB_NUMBER_DIGITS_MAX} digits at most")
            )
    elif value is not None:
        for each in value.values() if isinstance(value, Mapping) else value:
            _refuse_values(each)


def refuse_message(message: Outgoing) -> None:
    """Raises Impossible where SQS refuses a message as too long."""
    size = _text(message.body) + sum(
        len(name) + _text(value) + len("String")
        for name, value in message.attributes.items()
        if value
    )
    if size > SQS_MESSAGE_BYTES_MAX:
        raise Impossible(Code.MESSAGE_TOO_LARGE(size))
