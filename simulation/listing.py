"""Possible duplicates as requests' records list them, and how often each request was sent, as its
record's writes show it. A restored ledger forgets those before; what they did stays."""

from collections import Counter
from dataclasses import dataclass, field

from lambdas.relay.kernel.ports import Item


@dataclass(frozen=True, slots=True)
class Listing:
    """All by the key of the record."""

    #: possible duplicates that it lists
    reposts: Counter[str] = field(default_factory=Counter)
    #: how often an attempt began, or the request was to be sent again, or was marked as restored
    sendings: Counter[str] = field(default_factory=Counter)

    def changed(self, old: Item, new: Item) -> None:
        pk = str(new["pk"])
        if "reposts" in new:
            self.reposts[pk] += max(0, int(new["reposts"]) - int(old.get("reposts", 0)))
        if _is_sent(old, new):
            self.sendings[pk] += 1


def _is_sent(old: Item, new: Item) -> bool:
    state, before = new.get("state"), old.get("state")
    if state == "OPEN":
        is_another = bool(new.get("holder")) and new["holder"] != old.get("holder")
        return is_another or _is_marked(old, new)
    return state == "SEALED" and (before not in (None, "SEALED") or _is_marked(old, new))


def _is_marked(old: Item, new: Item) -> bool:
    return bool(old) and "doubt_since_ms" in new and "doubt_since_ms" not in old
