"""The ledger is restored to an earlier moment, as docs/runbook.md describes ("Restore the ledger").

The functions are stopped, the table is restored, the functions go on; then the archives are
replayed, or not. What the table has forgotten is noted for the checker: it may take effect a second
time, and only a replay brings back what no message holds by then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from lambdas.relay.kernel.limits import HOUR_S, MINUTE_S
from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.vault_keys import REVIEW as REVIEW_DOCUMENTS
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.requests.sending import doubting
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.review.cases import relisted
from simulation.mappings import Mapping as EventSourceMapping
from simulation.memory.bus import Bus
from simulation.memory.queues import StoredQueue
from simulation.memory.table import Key, Table
from simulation.memory.timeline import Timeline
from simulation.reconciliation import Reconciliation
from simulation.slips import replay_archive
from simulation.workload import numbers_of

#: the moment to restore is within this time from the beginning (seconds)
WITHIN_S = 3 * HOUR_S
#: from the moment to restore to the stop of the functions, at most
FORGOTTEN_MAX_S = 4 * HOUR_S
#: running invocations have ended by then, and no write arrives any more
ENDED_S = 20 * MINUTE_S
#: DynamoDB restores in tens of minutes; then a person deploys
RESTORING_S = 40 * MINUTE_S
#: "not before the queues are empty": a person waits about this long, and not for ever
REPLAYED_AFTER_S = 2 * HOUR_S
REPLAYED_SHARE = 0.5
#: `relay mark-restored`, in most of them
MARKED_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was forgotten, by the numbers of events."""

    #: claimed, tried or settled since the restored moment
    events: set[int] = field(default_factory=set)
    #: the requests that these were
    requests: set[str] = field(default_factory=set)
    #: events that no message held when the table was restored
    unheld: set[int] = field(default_factory=set)
    #: events that the archives brought back
    replayed: set[int] = field(default_factory=set)
    #: events whose request was under way at that moment, and was marked: what it may have done
    #: since is in doubt like any other, so that every repetition is listed
    told: set[int] = field(default_factory=set)
    #: the same, and events of parts, whose claims are their whole request's
    marked: set[int] = field(default_factory=set)
    #: requests that were in review at that moment, and no longer were when the table was restored:
    #: their documents are gone
    closed: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Restores:
    random: Random
    timeline: Timeline
    table: Table
    #: those of the vault, which is not restored
    documents: Mapping[str, str]
    queues: Mapping[str, StoredQueue]
    mappings: Mapping[str, EventSourceMapping]
    reconciliation: Reconciliation
    bus: Bus
    #: numbers of the events of each request
    requests: Mapping[str, set[int]]
    forgotten: Forgotten
    #: decides whether the table is marked
    marking: Random
    _kept: dict[Key, Item] = field(default_factory=dict)

    def plan(self) -> None:
        self.timeline.after(self.random.random() ** 3 * WITHIN_S, self._pass_the_moment)

    def _pass_the_moment(self) -> None:
        """A person will later take this for the last moment at which all was well."""
        self._kept = dict(self.table.items)
        self.timeline.after(self.random.random() ** 2 * FORGOTTEN_MAX_S, self._stop)

    def _stop(self) -> None:
        goes_on_ms = self.timeline.now_ms + int((ENDED_S + RESTORING_S) * 1000)
        for mapping in self.mappings.values():
            mapping.pause(goes_on_ms)
        self.reconciliation.pause(goes_on_ms)
        self.timeline.after(ENDED_S, self._restore)

    def _restore(self) -> None:
        changed = _changed(self._kept, self.table.items)
        events = {n for batch_id in changed for n in self.requests.get(batch_id, ())}
        held = {
            number
            for queue in self.queues.values()
            for message in queue.messages.values()
            for number in numbers_of(message.body)
        }
        self.forgotten.requests.update(changed)
        self.forgotten.events.update(events)
        self.forgotten.unheld.update(events - held)
        closed = _in_review(self._kept).keys() - _in_review(self.table.items).keys()
        self.forgotten.closed.update(batch_id_of(pk) for pk, _ in closed)
        self.table.items.clear()
        self.table.items.update(self._kept)
        if self.marking.random() < MARKED_SHARE:
            self._mark()
        for item in self.table.items.values():
            self.reconciliation.record_changed(item)
        if self.random.random() < REPLAYED_SHARE:
            self.timeline.after(RESTORING_S + REPLAYED_AFTER_S, self._replay)

    def _mark(self) -> None:
        """What `relay mark-restored` does."""
        claims = Counter(item.get("batch_id") for item in self._kept.values())
        for key, item in self._kept.items():
            if item.get("attention") != OVERDUE:
                continue
            written = self.table.change(*key, *doubting())
            if not written.applied:
                continue
            batch_id = batch_id_of(key[0])
            numbers = self.requests.get(batch_id, set())
            self.forgotten.marked.update(numbers)
            if claims[batch_id] == len(item.get("events", ())):
                self.forgotten.told.update(numbers)
        for name, text in self.documents.items():
            if name.startswith(REVIEW_DOCUMENTS):
                found = relisted(text, self.timeline.now_ms)
                if found is not None:
                    self.table.insert(found)

    def _replay(self) -> None:
        self.forgotten.replayed.update(replay_archive(self.bus, "after a restore"))


def _in_review(items: Mapping[Key, Item]) -> Mapping[Key, Item]:
    return {key: item for key, item in items.items() if item.get("attention") == REVIEW}


def _changed(before: Mapping[Key, Item], after: Mapping[Key, Item]) -> Sequence[str]:
    """Ids of requests whose claims or records differ."""
    return [
        batch_id
        for key, item in after.items()
        if before.get(key) != item and (batch_id := _request_of(item)) is not None
    ]


def _request_of(item: Item) -> str | None:
    if item["sk"] == "R":
        return str(item["pk"]).removeprefix("R#")
    return None if "batch_id" not in item else str(item["batch_id"])
