"""The ledger's table: items and conditional writes, as in DynamoDB."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambdas.relay.kernel.errors import Impossible
from lambdas.relay.kernel.ports import Change, Guard, Item, Written
from lambdas.relay.kernel.reasons import Code
from simulation.memory.sizes import refuse_item, refuse_key

Key = tuple[str, str]


def _ignore(old: Item | None, new: Item | None) -> None:
    return


class Table:
    """What is durable. Every write replaces an item by a new one, so an item that was read does not
    change; `watch` is called with every change."""

    def __init__(self, watch: Callable[[Item | None, Item | None], None] = _ignore) -> None:
        self.items: dict[Key, Item] = {}
        #: conditional writes that were evaluated, refused ones included (both cost a unit)
        self.writes = 0
        self._watch = watch

    def insert(self, item: Item) -> Written:
        self.writes += 1
        key = (item["pk"], item["sk"])
        refuse_item(item)
        standing = self.items.get(key)
        if standing is not None:
            return Written(applied=False, before=standing)
        self._put(key, dict(item))
        return Written(applied=True, before=None)

    def change(self, pk: str, sk: str, guard: Guard, change: Change) -> Written:
        self.writes += 1
        refuse_key(pk, sk)
        before = self.items.get((pk, sk))
        if before is None or not _holds(guard, before):
            return Written(applied=False, before=before)
        after: dict[str, Any] = {**before, **change.put}
        for name, value in change.default.items():
            after.setdefault(name, value)
        for name, by in change.add.items():
            if not isinstance(after.get(name, 0), int):
                raise Impossible(Code.QUOTED(f"{name} is no number, so nothing can be added to it"))
            after[name] = after.get(name, 0) + by
        for name in change.drop:
            after.pop(name, None)
        refuse_item(after)
        self._put((pk, sk), after)
        return Written(applied=True, before=before)

    def find(self, keys: Sequence[Key]) -> list[Item | None]:
        for key in keys:
            refuse_key(*key)
        return [self.items.get(key) for key in keys]

    def of(self, pk: str) -> list[Item]:
        refuse_key(pk, "any")
        return [self.items[key] for key in sorted(key for key in self.items if key[0] == pk)]

    def due(self, attention: str, before_s: int, most: int) -> list[Key]:
        found = [
            (item["due_at"], key)
            for key, item in self.items.items()
            if item.get("attention") == attention and item["due_at"] <= before_s
        ]
        return [key for _, key in sorted(found)[:most]]

    def expired(self, now_s: int) -> list[Key]:
        """What DynamoDB's TTL may delete from now on, at any later time; it ignores a text."""
        times_s = [(key, item.get("expires_at")) for key, item in self.items.items()]
        return [key for key, time_s in times_s if isinstance(time_s, int) and time_s < now_s]

    def put(self, key: Key, item: Item) -> None:
        """Unconditional: the caller has checked the condition."""
        self.writes += 1
        refuse_item(item)
        self._put(key, dict(item))

    def remove(self, key: Key) -> None:
        old = self.items.pop(key)
        self._watch(old, None)

    def _put(self, key: Key, item: Mapping[str, Any]) -> None:
        old = self.items.get(key)
        self.items[key] = item
        self._watch(old, item)


def _holds(guard: Guard, item: Item) -> bool:
    return (
        (guard.states is None or item.get("state") in guard.states)
        and (guard.attempt is None or item.get("attempt") == guard.attempt)
        and (guard.holder is None or item.get("holder") == guard.holder)
        and (
            guard.lease_before_ms is None
            or _is_before(item.get("lease_until_ms"), guard.lease_before_ms)
        )
        and all(item.get(name) == value for name, value in guard.same.items())
    )


def _is_before(value: Any, moment: int) -> bool:
    """DynamoDB compares numbers with numbers; with anything else the condition does not hold."""
    return isinstance(value, int) and value < moment
