"""One item of the ledger that all instances change together: read, decide, compare and swap.

The state that the writers share (how many slots are left, whether Genesys is up) is decided by
pure functions over such an item. If two instances decide at the same time, one write succeeds; the
other is refused, and its instance reads the newer item and decides again. So no decision applies
to a stale item, and a late write changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Change, Entropy, Guard, Item, Ledger
from lambdas.relay.kernel.reasons import Code

#: distinguishes these items from the records of requests
STATE = "SHARED"
SORT_KEY = "L"
#: tries of one change before it is given up; there are few writers, and their writes are short
TRIES = 10
CONTENDED_PAUSE_S = 1.0

T = TypeVar("T")
#: the item's values: integers, booleans, texts
Values = Mapping[str, Any]
#: from the item (None: there is none) to its new values (None: no change) and an answer
Decide = Callable[[Item | None], tuple[Values | None, T]]


class Shared:
    """The values of such an item: a frozen dataclass with the same names, whose defaults apply if
    there is no item."""

    __slots__: Sequence[str] = ()

    @classmethod
    def of(cls, item: Item | None) -> Self:
        """A value that is missing, or not of its default's type, becomes the default: the next
        release may have more values, and a person may have edited the item."""
        usual = cls()
        if item is None:
            return usual
        known = {name: (item.get(name), getattr(usual, name)) for name in cls.__slots__}
        return cls(**{n: v for n, (v, default) in known.items() if type(v) is type(default)})

    @property
    def values(self) -> Values:
        return {name: getattr(self, name) for name in self.__slots__}


S = TypeVar("S", bound=Shared)


def key_of(name: str) -> tuple[str, str]:
    return f"L#{name}", SORT_KEY


class SharedItem:
    """The item `L#<name>` of the ledger."""

    def __init__(self, ledger: Ledger, entropy: Entropy, name: str) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._pk = key_of(name)[0]

    def read(self) -> Item | None:
        """The current item. Raises Transient."""
        return self._ledger.find([(self._pk, SORT_KEY)])[0]

    def change(self, decide: Decide[T]) -> T:
        """Applies a decision to the newest item; returns its answer once it is on record. If it
        raises Transient, the change may still be on record, but its answer is lost."""
        holder = self._entropy.token()
        standing = self.read()
        for _ in range(TRIES):
            values, answer = decide(standing)
            if values is None or self._swap(standing, values, holder):
                return answer
            standing = self._met
        raise Transient(Code.CONTENDED(self._pk), CONTENDED_PAUSE_S)

    def _swap(self, standing: Item | None, values: Values, holder: str) -> bool:
        if standing is None:
            item = {"pk": self._pk, "sk": SORT_KEY, "state": STATE, "attempt": 1, "holder": holder}
            written = self._ledger.insert([{**item, **values}])[0]
        else:
            # Applies only to the item that was decided on. If its count is damaged, counting
            # starts again; other damage does not prevent the write.
            before = standing.get("attempt")
            attempt = before + 1 if isinstance(before, int) else 1
            same = {name: standing.get(name) for name in ("attempt", "holder")}
            written = self._ledger.change(
                self._pk,
                SORT_KEY,
                Guard(None, same=same),
                Change(put={**values, "state": STATE, "holder": holder, "attempt": attempt}),
            )
        self._met = written.before
        # If an answer was lost and the SDK repeated the write, it meets its own first try.
        return written.applied or (self._met is not None and self._met.get("holder") == holder)


class SharedState(Generic[S]):
    """Such an item as its values: a decision gets all of them, and is written if it changes any."""

    def __init__(self, kind: type[S], ledger: Ledger, entropy: Entropy, name: str) -> None:
        self._kind = kind
        self._item = SharedItem(ledger, entropy, name)

    def read(self) -> S:
        """The current values. Raises Transient."""
        return self._kind.of(self._item.read())

    def change(self, decide: Callable[[S], tuple[S, T]]) -> T:
        """Applies a decision to the newest values; returns its answer once they are on record.
        Raises Transient, as `SharedItem.change` does."""

        def decide_item(item: Item | None) -> tuple[Values | None, T]:
            before = self._kind.of(item)
            after, answer = decide(before)
            return (None if after == before else after.values), answer

        return self._item.change(decide_item)
