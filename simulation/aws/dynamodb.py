"""DynamoDB's wire protocol over the simulated table."""

from collections.abc import Callable
from typing import Any

from lambdas.relay.kernel.errors import Impossible
from simulation.aws.answers import Answered, Refused, Unheard
from simulation.aws.items import Item, Wire, holds, inserted, plain_item, updated, wire_item
from simulation.memory.faults import Faults
from simulation.memory.ledger import LATE_WRITE_MAX_S
from simulation.memory.table import Key, Table
from simulation.memory.timeline import Timeline

#: an eventually consistent read, or an index, need not show what was written less than this ago
LAG_MS = 20_000


class DynamoDb:
    def __init__(self, name: str, table: Table, faults: Faults, timeline: Timeline) -> None:
        self._name = name
        self._table = table
        self._faults = faults
        self._timeline = timeline
        #: by key: when it changed, and what was there before
        self._before: dict[Key, tuple[int, Item | None]] = {}

    def refuse_other(self, call: Wire) -> None:
        """There is one table."""
        asked = {call["TableName"]} if "TableName" in call else {*call.get("RequestItems", {})}
        asked |= {each["Statement"].split('"')[1] for each in call.get("Statements", [])}
        if asked != {self._name}:
            raise Refused(400, "ResourceNotFoundException")

    def put_item(self, call: Wire) -> Answered:
        def put() -> Answered:
            item = plain_item(call["Item"])
            current = self._current(_key(item))
            if not holds(call, current):
                return self._refused(current)
            self._write(_key(item), item)
            return {}

        return self._writing(put)

    def update_item(self, call: Wire) -> Answered:
        def update() -> Answered:
            key = _key(plain_item(call["Key"]))
            current = self._current(key)
            if not holds(call, current):
                return self._refused(current)
            before = current or {"pk": key[0], "sk": key[1]}
            self._write(key, updated(call, before))
            return {"Attributes": wire_item(before)}

        return self._writing(update)

    def batch_execute_statement(self, call: Wire) -> Answered:
        items = [inserted(statement) for statement in call["Statements"]]
        if len(items) > 1 and self._faults.strikes("ledger partly applied"):
            return {"Responses": [self._insert(i) if self._half() else _BUSY for i in items]}
        return self._writing(lambda: {"Responses": [self._insert(item) for item in items]})

    def _half(self) -> bool:
        return self._faults.fraction() < 0.5

    def batch_get_item(self, call: Wire) -> Answered:
        self._refuse_reading()
        ((table, asked),) = call["RequestItems"].items()
        assert 0 < len(asked["Keys"]) <= 100
        keys, left = list(asked["Keys"]), []
        if self._faults.strikes("keys unprocessed"):
            left = [key for key in keys if self._half()]
        is_consistent = bool(asked.get("ConsistentRead"))
        found = [
            self._seen(_key(plain_item(key)), is_consistent=is_consistent)
            for key in keys
            if key not in left
        ]
        answer: dict[str, Any] = {
            "Responses": {table: [wire_item(item) for item in found if item is not None]},
            "UnprocessedKeys": {table: {**asked, "Keys": left}} if left else {},
        }
        return answer

    def query(self, call: Wire) -> Answered:
        self._refuse_reading()
        values = plain_item(call["ExpressionAttributeValues"])
        if "IndexName" in call:
            return self._index(values, call)
        is_consistent = bool(call.get("ConsistentRead"))
        keys = sorted({*self._table.items, *self._before})
        seen = (
            self._seen(key, is_consistent=is_consistent) for key in keys if key[0] == values[":pk"]
        )
        sort = values.get(":sk")
        begins = "begins_with" in call["KeyConditionExpression"]
        items = [
            item
            for item in seen
            if item is not None
            and (sort is None or (item["sk"].startswith(sort) if begins else item["sk"] < sort))
        ]
        items = (items if call["ScanIndexForward"] else items[::-1])[: call.get("Limit")]
        return {"Items": [wire_item(item) for item in items], "Count": len(items)}

    def _index(self, values: Item, call: Wire) -> Answered:
        """It lags behind the table, and names keys alone."""
        assert call["IndexName"] == "attention"
        assert not call.get("ConsistentRead")
        seen = [self._seen(key, is_consistent=False) for key in {*self._table.items, *self._before}]
        rows = sorted(
            (item["due_at"], item["pk"], item["sk"])
            for item in seen
            if item is not None
            and item.get("attention") == values[":a"]
            and item["due_at"] <= values[":t"]
        )
        items = [
            wire_item({"attention": values[":a"], "due_at": due, "pk": pk, "sk": sk})
            for due, pk, sk in rows[: call.get("Limit", len(rows))]
        ]
        return {"Items": items, "Count": len(items)}

    # --- what all of them need

    def _writing(self, act: Callable[[], Answered]) -> Answered:
        if self._faults.strikes("ledger throttled"):
            raise Refused(400, "ProvisionedThroughputExceededException")
        if self._faults.strikes("ledger late write"):
            delay_s = 0.1 + self._faults.fraction() ** 2 * (LATE_WRITE_MAX_S - 0.2)
            self._timeline.after(delay_s, lambda: _late(act))
            raise Unheard
        answer = act()
        if self._faults.strikes("ledger answer lost") or self._faults.strikes("ledger met itself"):
            raise Unheard
        return answer

    def _refuse_reading(self) -> None:
        if self._faults.strikes("ledger unreadable"):
            raise Refused(500, "InternalServerError")

    def _current(self, key: Key) -> Item | None:
        item = self._table.items.get(key)
        return None if item is None else dict(item)

    def _seen(self, key: Key, *, is_consistent: bool) -> Item | None:
        changed_ms, before = self._before.get(key, (0, None))
        if is_consistent or self._timeline.now_ms - changed_ms >= LAG_MS:
            return self._current(key)
        return before

    def _refused(self, current: Item | None) -> Answered:
        more = {} if current is None else {"Item": wire_item(current)}
        raise Refused(400, "ConditionalCheckFailedException", more)

    def _insert(self, item: Item) -> Wire:
        key = _key(item)
        if key in self._table.items:
            return {"Error": {"Code": "DuplicateItem", "Message": "it is there"}}
        self._write(key, item)
        return {"TableName": "ledger"}

    def _write(self, key: Key, item: Item) -> None:
        """Through the table's own methods, so that whoever watches it is notified."""
        before = self._current(key)
        try:
            self._table.put(key, item)
        except Impossible as impossible:
            raise Refused(400, "ValidationException") from impossible
        self._before[key] = (self._timeline.now_ms, before)


_BUSY: Wire = {"Error": {"Code": "ThrottlingError", "Message": "slow down"}}


def _late(act: Callable[[], Answered]) -> None:
    """Nobody is left to hear whether the condition held."""
    try:
        act()
    except Refused:
        return


def _key(item: Item) -> Key:
    return item["pk"], item["sk"]
