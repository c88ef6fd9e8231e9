"""Where each published event is in the end, by its number: among the effects and the requests, with
a person, in the quarantine. The checker's view of what a run has left behind."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Code, read_reason
from simulation.history import History
from simulation.workload import numbers_of

#: record states: finished; with a person; waiting for an event, with an entry in the reconciler's
#: list
FINISHED = {"DONE", "CONFIRMED", "RECONCILED", "EMPTY", "SPLIT", "MERGED", "DISCARDED"}
WITH_A_PERSON = {"REJECTED", "MANUAL_REVIEW"}
AWAITING = {"PENDING_EVENT", "TIMEOUT_RECOVERY"}
#: members of an item that the relay chooses
UNKNOWN = {"id", "topic"}


@dataclass(slots=True)
class Whereabouts:
    """Where each number was found."""

    effects: Mapping[int, list[str]]
    #: the effects of each number, without what the checker cannot know: the id, and the topic that
    #: a deploy adds
    items: Mapping[int, list[Mapping[str, object]]]
    keys: Mapping[int, set[str]]
    #: when the last request for each number was
    last_ms: Mapping[int, int]
    #: numbers by the reason of the record that a person has
    parked: Mapping[int, list[str]]
    rejected: set[int]
    quarantined: set[int]
    #: those of them that were unreadable, according to the reason
    unreadable: set[int]
    #: those whose request was split, and its parts were not sent, according to the reason
    split: set[int]
    #: those that were sent under the key of a request that had been sent without them
    reissued: set[int]

    def has(self, number: int) -> bool:
        """Whether a person has it."""
        return number in self.parked or number in self.rejected or number in self.quarantined


def state_of(record: Item) -> str:
    """A person may have removed it from a record that waits for a person anyway."""
    is_listed = record.get("attention") == "review"
    return str(record.get("state") or ("MANUAL_REVIEW" if is_listed else ""))


def whereabouts(history: History) -> Whereabouts:
    effects: dict[int, list[str]] = defaultdict(list)
    items: dict[int, list[Mapping[str, object]]] = defaultdict(list)
    for effect in history.effects:
        for number in numbers_of(json.dumps(effect.item)):
            effects[number].append(effect.key)
            known = {name: each for name, each in effect.item.items() if name not in UNKNOWN}
            items[number].append(known)
    keys: dict[int, set[str]] = defaultdict(set)
    last_ms: dict[int, int] = {}
    first: dict[str, set[int]] = {}
    reissued: set[int] = set()
    for call in history.calls:
        numbers = numbers_of(call.body.decode())
        reissued |= numbers - first.setdefault(call.key, numbers)
        for number in numbers:
            keys[number].add(call.key)
            last_ms[number] = call.at_ms
    parked: dict[int, list[str]] = defaultdict(list)
    rejected: set[int] = set()
    quarantined: set[int] = set()
    unreadable: set[int] = set()
    split: set[int] = set()
    for name, document in history.documents.items():
        folder, _, rest = name.partition("/")
        numbers = numbers_of(document)
        if folder == "quarantine":
            quarantined |= numbers
            reason = read_reason(json.loads(document)["reason"])
            unreadable |= numbers if reason.code is Code.UNREADABLE else set()
            split |= numbers if reason.code is Code.PARTS_LEFT else set()
        if folder != "review":
            continue
        record = history.items.get((f"R#{rest.removesuffix('.json')}", "R"), {})
        # A document whose record moved on is a leftover: it needs no decision any more.
        for number in numbers if state_of(record) in WITH_A_PERSON else ():
            parked[number].append(str(record.get("reason")))
            if state_of(record) == "REJECTED":
                rejected.add(number)
    return Whereabouts(
        effects, items, keys, last_ms, parked, rejected, quarantined, unreadable, split, reissued
    )
