"""AWS for the SDK: requests that botocore is about to send are answered in the process.

The functions, their adapters and botocore run as deployed, up to the signed request; `before-send`
is a hook of botocore (botocore/endpoint.py). Items are kept, so that a claim meets the one before
it, and their write units are computed according to DynamoDB's developer guide:

* a write takes a unit for each started kilobyte of the item, the larger of before and after
  (provisioned-capacity-mode.html); an item's size is that of its names and values
  (CapacityUnitCalculations.html);
* in an index, a new, changed or removed entry is a write of its projected attributes; one whose key
  changed is removed and put; an unchanged one costs nothing (GSI.html);
* a refused conditional write takes the units of the existing item.

Not included: sockets, TLS, latency, throttling. The CPU used for answering is counted separately.
"""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

UNIT_BYTES, READ_UNIT_BYTES = 1024, 4096
#: the ledger's only index, as in stacks/ledger.py; a test compares the two
INDEX_KEYS = ("attention", "due_at")
INDEX_PROJECTED = ("pk", "sk", *INDEX_KEYS)
#: its place in the configuration of an alternative's table, and that table's only key
KEYS = ("pk", "sk", "id")

Wire = Mapping[str, Any]
Item = dict[str, Any]

_INSERT = re.compile(r"'(\w+)': \?")
_CLAUSES = re.compile(r"(SET|ADD|REMOVE) (.*?)(?= (?:SET|ADD|REMOVE) |$)")
_SET = re.compile(r"(#\w+) = (?:if_not_exists\(#\w+, (:\w+)\)|(:\w+))")


class Aws:
    """All of AWS that the functions use, for one process."""

    def __init__(self, secret: str) -> None:
        """`secret`: the contents of the secret in Secrets Manager."""
        self._secret = secret
        #: calls by the operation's name, and what was used
        self.calls: Counter[str] = Counter()
        self.write_units = 0
        self.read_units = 0.0
        #: CPU spent on answering, to be subtracted from what is measured (s)
        self.answering_s = 0.0
        #: bodies sent to each queue, by the last part of its address
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self._items: dict[tuple[str, ...], Item] = {}

    def attach(self, session: boto3.Session) -> None:
        """Applies to every client that this session creates from now on."""
        answer: Any = self._answer  # if a hook returns an answer, botocore uses it
        session.events.register("before-send", answer)

    def reset(self) -> None:
        self.calls.clear()
        self.write_units, self.read_units, self.answering_s = 0, 0.0, 0.0
        self.sent.clear()

    def _answer(self, request: AWSPreparedRequest, **_more: object) -> AWSResponse:
        began = time.process_time()
        operation = _operation(request)
        self.calls[operation] += 1
        status, answered = 200, b""
        body: Any = request.body
        document = json.loads(body) if "x-amz-target" in _lower(request.headers) else {}
        handler = getattr(self, f"_{operation.lower()}", None)
        if handler is not None:
            status, answer = handler(document)
            answered = json.dumps(answer).encode()
        headers: Any = {"content-type": "application/x-amz-json-1.0"}
        response = AWSResponse(request.url, status, headers, _Raw(answered))
        self.answering_s += time.process_time() - began
        return response

    # --- DynamoDB

    def _putitem(self, call: Wire) -> tuple[int, Wire]:
        standing = self._items.get(_key(call["Item"]))
        if standing is not None:
            self.write_units += _units(item_bytes(standing))
            return 400, {
                "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
                "message": "The conditional request failed",
                "Item": standing,
            }
        self._keep(None, call["Item"])
        return 200, {}

    def _batchexecutestatement(self, call: Wire) -> tuple[int, Wire]:
        answers: list[Wire] = []
        for statement in call["Statements"]:
            names = _INSERT.findall(statement["Statement"])
            item = dict(zip(names, statement["Parameters"], strict=True))
            standing = self._items.get(_key(item))
            if standing is None:
                self._keep(None, item)
                answers.append({"TableName": "ledger"})
            else:
                self.write_units += _units(item_bytes(standing))
                answers.append({"Error": {"Code": "DuplicateItem", "Message": "it is there"}})
        return 200, {"Responses": answers}

    def _updateitem(self, call: Wire) -> tuple[int, Wire]:
        """Conditions are assumed to hold: without faults they do."""
        before = self._items.get(_key(call["Key"]))
        names, values = call.get("ExpressionAttributeNames", {}), call["ExpressionAttributeValues"]
        after = dict(before or call["Key"])
        for verb, clause in _CLAUSES.findall(call["UpdateExpression"]):
            _apply(verb, clause, names, values, after)
        self._keep(before, after)
        return 200, {} if before is None else {"Attributes": before}

    def _batchgetitem(self, call: Wire) -> tuple[int, Wire]:
        ((table, asked),) = call["RequestItems"].items()
        found = [self._items.get(_key(key)) for key in asked["Keys"]]
        for item in found:
            self.read_units += _read_units(item)
        return 200, {"Responses": {table: [item for item in found if item is not None]}}

    def _getitem(self, call: Wire) -> tuple[int, Wire]:
        item = self._items.get(_key(call["Key"]))
        self.read_units += _read_units(item)
        return 200, {} if item is None else {"Item": item}

    def _query(self, call: Wire) -> tuple[int, Wire]:
        self.read_units += 1
        return 200, {"Items": [], "Count": 0}

    def _keep(self, before: Item | None, after: Item) -> None:
        self._items[_key(after)] = after
        larger = max(item_bytes(after), item_bytes(before or {}))
        self.write_units += _units(larger) + index_units(before, after)

    # --- the others

    def _sendmessagebatch(self, call: Wire) -> tuple[int, Wire]:
        queue = str(call["QueueUrl"]).rsplit("/", 1)[-1]
        self.sent.setdefault(queue, []).extend(call["Entries"])
        rows = [
            {"Id": entry["Id"], "MessageId": entry["Id"], "MD5OfMessageBody": ""}
            for entry in call["Entries"]
        ]
        return 200, {"Successful": rows}

    def _getsecretvalue(self, call: Wire) -> tuple[int, Wire]:
        return 200, {"ARN": call["SecretId"], "SecretString": self._secret}


def item_bytes(item: Wire) -> int:
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def index_units(before: Wire | None, after: Wire) -> int:
    """What a write costs in the index, in addition to the table."""
    old, new = _entry(before or {}), _entry(after)
    if old == new:
        return 0
    if old is None or new is None:
        return _units(item_bytes(old or new or {}))
    if any(old[name] != new[name] for name in INDEX_KEYS):
        return _units(item_bytes(old)) + _units(item_bytes(new))
    return _units(max(item_bytes(old), item_bytes(new)))


def _entry(item: Wire) -> Item | None:
    """An item without the index's keys is not in it."""
    if any(name not in item for name in INDEX_KEYS):
        return None
    return {name: item[name] for name in INDEX_PROJECTED if name in item}


def _value_bytes(value: Wire) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            digits = len(held.strip("-").replace(".", ""))
            return (digits + 1) // 2 + 1 + int(held.startswith("-"))
        case "L":
            return 3 + sum(1 + _value_bytes(each) for each in held)
        case "M":
            inner = (1 + len(name.encode()) + _value_bytes(each) for name, each in held.items())
            return 3 + sum(inner)
        case "B":
            return len(held) * 3 // 4
        case _:
            return 1


def _units(size: int) -> int:
    return max(1, math.ceil(size / UNIT_BYTES))


def _read_units(item: Wire | None) -> int:
    """A consistent read; each item counts, missing ones included."""
    return max(1, math.ceil(item_bytes(item or {}) / READ_UNIT_BYTES))


def _apply(verb: str, clause: str, names: Wire, values: Wire, after: Item) -> None:
    match verb:
        case "SET":
            for name, default, value in _SET.findall(clause):
                if value:
                    after[names[name]] = values[value]
                else:
                    after.setdefault(names[name], values[default])
        case "ADD":
            for part in clause.split(", "):
                name, value = part.split(" ")
                now = int(after.get(names[name], {"N": "0"})["N"]) + int(values[value]["N"])
                after[names[name]] = {"N": str(now)}
        case _:
            for name in clause.split(", "):
                after.pop(names[name], None)


def _key(item: Wire) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in KEYS if name in item)


def _operation(request: AWSPreparedRequest) -> str:
    target = _lower(request.headers).get("x-amz-target")
    if target is None:  # S3 uses the HTTP method
        return f"{str(request.method).capitalize()}Object"
    text = target.decode() if isinstance(target, bytes) else str(target)
    return text.rsplit(".", 1)[-1]


def _lower(headers: Any) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in headers.items()}


class _Raw:
    """The response that urllib3 would give botocore: a body, once."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_arguments: object, **_named: object) -> Iterator[bytes]:
        yield self._body
