"""The ledger in DynamoDB."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from lambdas.adapters.aws import THROTTLING, code_of, translated
from lambdas.relay.kernel.errors import Impossible, Throttled, Transient
from lambdas.relay.kernel.limits import CLAIMS_PER_ROUND_TRIP, KEYS_PER_ROUND_TRIP
from lambdas.relay.kernel.ports import Change, Guard, Item, Written
from lambdas.relay.kernel.reasons import Code

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: an item over 400 KB, a key that is too long, a number to be added to a text: API reference,
#: PutItem and UpdateItem. Not for a query of the index: there it means that the index is missing.
_IMPOSSIBLE = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})
_REFUSED = "ConditionalCheckFailedException"
#: error codes of statements in a batch: the same as above without "Exception", except these
#: (API reference, BatchStatementError)
_STANDS_THERE = "DuplicateItem"
_IMPOSSIBLE_STATEMENTS = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded"})
_THROTTLED_STATEMENTS = THROTTLING | {"ThrottlingError", "ProvisionedThroughputExceeded"}
ATTENTION_INDEX = "attention"
#: rounds of BatchGetItem before keys that DynamoDB left unprocessed are given up
READ_ROUNDS = 4

_deserializer = TypeDeserializer()


class DynamoLedger:
    """Implements relay.kernel.ports.Ledger. One item is written with one conditional write, whose
    refusal returns the existing item (ALL_OLD). Several are inserted in batches, and the existing
    items behind refusals are read afterwards (docs/decisions/0005)."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        if len(items) == 1:
            return [self._insert(items[0])]
        applied = [
            is_applied
            for start in range(0, len(items), CLAIMS_PER_ROUND_TRIP)
            for is_applied in self._insert_batch(items[start : start + CLAIMS_PER_ROUND_TRIP])
        ]
        met = iter(self.find([_key(i) for i, done in zip(items, applied, strict=True) if not done]))
        return [Written(done, None if done else next(met)) for done in applied]

    def _insert_batch(self, items: Sequence[Item]) -> list[bool]:
        """Inserts in one round trip; whether each was applied. Raises if any result is unknown."""
        statements: Any = [_statement(self._table, _pack(item)) for item in items]
        with translated("BatchExecuteStatement", _IMPOSSIBLE):
            answer = self._client.batch_execute_statement(Statements=statements)
        codes = [str(row.get("Error", {}).get("Code", "")) for row in answer["Responses"]]
        failed = sorted(set(codes) - {"", _STANDS_THERE})
        if failed:
            raise _failed(failed)
        return [not code for code in codes]

    def _insert(self, item: Item) -> Written:
        with translated("PutItem", _IMPOSSIBLE):
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=_pack(item),
                    ConditionExpression="attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                return _refused(error)
        return Written(applied=True, before=None)

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        expression = _Expression()
        condition, update = expression.condition(guard), expression.update(change)
        with translated("UpdateItem", _IMPOSSIBLE):
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=_pack({"pk": pk, "sk": sk}),
                    ConditionExpression=condition,
                    UpdateExpression=update,
                    ExpressionAttributeNames=expression.names,
                    ExpressionAttributeValues=_pack(expression.values),
                    ReturnValues="ALL_OLD",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                return _refused(error)
        return Written(applied=True, before=unpack(answer["Attributes"]))

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        found: dict[tuple[str, str], Item] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), KEYS_PER_ROUND_TRIP):
            for item in self._read(wanted[start : start + KEYS_PER_ROUND_TRIP]):
                found[item["pk"], item["sk"]] = item
        return [found.get(key) for key in keys]

    def _read(self, keys: Sequence[tuple[str, str]]) -> list[Item]:
        pending: Any = {
            self._table: {
                "Keys": [_pack({"pk": pk, "sk": sk}) for pk, sk in keys],
                "ConsistentRead": True,
            }
        }
        items: list[Item] = []
        for _ in range(READ_ROUNDS):
            with translated("BatchGetItem", _IMPOSSIBLE):
                answer = self._client.batch_get_item(RequestItems=pending)
            items += [unpack(item) for item in answer["Responses"].get(self._table, [])]
            pending = answer.get("UnprocessedKeys")
            if not pending:
                return items
        raise Transient(Code.CALL_FAILED("BatchGetItem", "keys left unprocessed"))

    def of(
        self, pk: str, begins: str = "", before: str = "", newest: int | None = None
    ) -> Sequence[Item]:
        # DynamoDB refuses an empty text in a key condition.
        condition = "pk = :pk"
        values = {":pk": {"S": pk}}
        if begins or before:
            condition += " AND begins_with(sk, :sk)" if begins else " AND sk < :sk"
            values[":sk"] = {"S": begins or before}
        with translated("Query", _IMPOSSIBLE):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                ConsistentRead=True,
                ScanIndexForward=newest is None,
                PaginationConfig={} if newest is None else {"MaxItems": newest, "PageSize": newest},
            )
            return [unpack(item) for page in pages for item in page["Items"]]

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        with translated("Query"):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=ATTENTION_INDEX,
                KeyConditionExpression="attention = :a AND due_at <= :t",
                ExpressionAttributeValues={":a": {"S": attention}, ":t": {"N": str(before_s)}},
                PaginationConfig={"MaxItems": most},
            )
            items = [unpack(item) for page in pages for item in page["Items"]]
        return [(item["pk"], item["sk"]) for item in items]


class _Expression:
    """Builds DynamoDB's expressions from a guard and a change. Every name becomes a placeholder,
    since `state` and others are reserved words. Placeholders are numbered, since names may contain
    any character, but placeholders only letters, digits and underscores."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def condition(self, guard: Guard) -> str:
        # DynamoDB refuses names that no expression uses, so each is added where it is used.
        if guard.states is None:
            clauses = [f"attribute_exists({self._name('pk')})"]
        else:
            states = ", ".join(self._value(state) for state in sorted(guard.states))
            clauses = [f"{self._name('state')} IN ({states})"]
        if guard.attempt is not None:
            clauses.append(f"{self._name('attempt')} = {self._value(guard.attempt)}")
        if guard.holder is not None:
            clauses.append(f"{self._name('holder')} = {self._value(guard.holder)}")
        if guard.lease_before_ms is not None:
            lease = self._name("lease_until_ms")
            clauses.append(f"{lease} < {self._value(guard.lease_before_ms)}")
        for name, value in guard.same.items():
            place = self._name(name)
            clauses.append(
                f"attribute_not_exists({place})"
                if value is None
                else f"{place} = {self._value(value)}"
            )
        return " AND ".join(clauses)

    def update(self, change: Change) -> str:
        sets = [f"{self._name(name)} = {self._value(value)}" for name, value in change.put.items()]
        for name, value in change.default.items():
            place = self._name(name)
            sets.append(f"{place} = if_not_exists({place}, {self._value(value)})")
        adds = [f"{self._name(name)} {self._value(by)}" for name, by in change.add.items()]
        drops = [self._name(name) for name in sorted(change.drop)]
        parts = (("SET", sets), ("ADD", adds), ("REMOVE", drops))
        return " ".join(f"{verb} {', '.join(rows)}" for verb, rows in parts if rows)

    def _name(self, name: str) -> str:
        return self._places.setdefault(name, f"#{len(self._places)}")

    @property
    def names(self) -> dict[str, str]:
        return {place: name for name, place in self._places.items()}

    def _value(self, value: object) -> str:
        place = f":v{len(self.values)}"
        self.values[place] = value
        return place


def _key(item: Item) -> tuple[str, str]:
    return item["pk"], item["sk"]


def _statement(table: str, packed: Mapping[str, Any]) -> dict[str, Any]:
    members = ", ".join(f"'{name}': ?" for name in packed)
    return {
        "Statement": f'INSERT INTO "{table}" VALUE {{{members}}}',
        "Parameters": list(packed.values()),
    }


def _failed(codes: Sequence[str]) -> Transient | Impossible:
    """The error for failed statements: Impossible only if all of them will always fail, since the
    others are worth a retry."""
    called, told = "BatchExecuteStatement", ", ".join(codes)
    if _IMPOSSIBLE_STATEMENTS.issuperset(codes):
        return Impossible(Code.CALL_REFUSED(called, told))
    kind = Throttled if _THROTTLED_STATEMENTS.issuperset(codes) else Transient
    return kind(Code.CALL_FAILED(called, told))


def _refused(error: ClientError) -> Written:
    if code_of(error) != _REFUSED:
        raise error
    item: Mapping[str, Any] | None = error.response.get("Item")  # type: ignore[assignment]
    return Written(applied=False, before=unpack(item) if item else None)


def _pack(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: packed(value) for name, value in item.items()}


def packed(value: Any) -> dict[str, Any]:
    """The result of boto3's TypeSerializer, in a quarter of the time, for the types that items
    have. DynamoDB refuses a text that UTF-8 cannot encode, and Genesys' errors may quote one."""
    match value:
        case str():
            return {"S": value if value.isascii() else value.encode("utf-8", "replace").decode()}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case list() | tuple():
            return {"L": [packed(each) for each in value]}
        case Mapping():
            return {"M": _pack(value)}
    raise TypeError(f"the ledger holds no {type(value).__name__}")


def unpack(item: Mapping[str, Any]) -> Item:
    """An item from DynamoDB, in plain values."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in item.items()}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value)
        case list():
            return [_plain(each) for each in value]
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case _:
            return value
