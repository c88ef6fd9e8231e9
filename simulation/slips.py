"""A person's slips in the console: the wrong queue, the wrong choice, an edit, a copy, a purge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.requests.record import record_key
from simulation.fault_plan import FaultPlan
from simulation.memory.bus import Bus
from simulation.memory.queues import StoredQueue
from simulation.memory.table import Table
from simulation.memory.timeline import Timeline
from simulation.post import request_of
from simulation.workload import marker, numbers_of

Later = Callable[[Callable[[], None]], None]

#: between a purge and the replay that repairs it
NOTICED_WITHIN_S = 3 * HOUR_S


@dataclass(frozen=True, slots=True)
class Harm:
    """What people did to events that cannot be undone, by their numbers."""

    #: their message was edited: it is unreadable now, or its checksum is wrong
    edited: set[int] = field(default_factory=set)
    #: their message was purged before they were claimed, or when a restored ledger had forgotten it
    purged: set[int] = field(default_factory=set)
    #: the texts of those messages: events that requests caused have no number
    purged_texts: list[str] = field(default_factory=list)
    #: a message of their request was purged or edited: it is sent again a few times, all of which
    #: may meet the same, and then a person has it
    emptied: set[int] = field(default_factory=set)
    #: their message was away for days, and came back; meanwhile a person may have been asked
    taken_out: set[int] = field(default_factory=set)
    #: their message was made a dead letter of any queue
    buried: set[int] = field(default_factory=set)
    #: their request's record was edited: if what it was is lost, a person is asked
    doctored: set[int] = field(default_factory=set)
    #: they came over the bus, so that the archive brought them back; the others are lost
    replayed: set[int] = field(default_factory=set)


def replay_archive(bus: Bus, name: str) -> set[int]:
    """Begins a replay of all that came over the bus; the numbers of the events that come again."""
    numbers = {number for envelope in bus.archive for number in numbers_of(envelope)}
    bus.replay(name)
    return numbers


@dataclass(frozen=True, slots=True)
class Slips:
    random: Random
    timeline: Timeline
    fault_plan: FaultPlan
    queues: Mapping[str, StoredQueue]
    #: the queues that functions read
    names: Sequence[str]
    bus: Bus
    table: Table
    harm: Harm

    def plan(self, at_some_time: Later) -> None:
        """Messages and dead letters are redriven into another function's queue, copied, edited, or
        sent again with other attributes. Or the claimed batches are purged. Or everything not
        claimed yet is purged, and the archive is replayed."""
        for name in self.names:
            others = [other for other in self.names if other != name]
            if others and self.fault_plan.strikes("redrive astray"):
                to = self.random.choice(others)
                for place in (name, f"{name}-dead"):
                    at_some_time(lambda p=place, t=to: self._move(p, t))  # type: ignore[misc]
        if self.fault_plan.strikes("purge"):
            at_some_time(self._purge_claimed)
        for name in self.names:
            if self.fault_plan.strikes("redrive by default"):
                at_some_time(self.queues[f"{name}-dead"].redrive_to_source)
            for place in (name, f"{name}-dead"):
                queue = self.queues[place]
                if self.fault_plan.strikes("message copied"):
                    at_some_time(lambda q=queue: _copy(q))  # type: ignore[misc]
                if self.fault_plan.strikes("attributes edited"):
                    at_some_time(lambda q=queue: _edit_attributes(q))  # type: ignore[misc]
                if self.fault_plan.strikes("body edited"):
                    at_some_time(lambda q=queue: self._edit_bodies(q))  # type: ignore[misc]
        if self.fault_plan.strikes("archive replayed"):
            at_some_time(self._purge_and_replay)

    def _move(self, place: str, to: str) -> None:
        self.queues[place].redrive(self.queues[to], 1_000)

    def _edit_bodies(self, queue: StoredQueue) -> None:
        for message in list(queue.messages.values()):
            self.harm.edited.update(numbers_of(message.body))
            self._empty(message.body)
            del queue.messages[message.message_id]
            queue.send(Outgoing(_edited(message.body), message.attributes))

    def _purge_claimed(self) -> None:
        """What a restored ledger has forgotten is no longer claimed."""
        for name in self.names:
            if without_lane(name) == "writes":
                for message in self.queues[name].messages.values():
                    if not self._has_record(message.body):
                        self.harm.purged.update(numbers_of(message.body))
                        self.harm.purged_texts.append(message.body)
                self._purge(name)

    def _purge(self, name: str) -> None:
        for message in self.queues[name].messages.values():
            self._empty(message.body)
        self.queues[name].messages.clear()

    def _empty(self, body: str) -> None:
        if self._has_record(body):
            self.harm.emptied.update(numbers_of(body))

    def _has_record(self, body: str) -> bool:
        return record_key(request_of(body) or "") in self.table.items

    def _purge_and_replay(self) -> None:
        for name in ("events", "batches"):
            for message in self.queues[name].messages.values():
                self.harm.purged.update(numbers_of(message.body))
            self._purge(name)
        self.timeline.after(self.random.random() * NOTICED_WITHIN_S, self._replay)

    def _replay(self) -> None:
        self.harm.replayed.update(replay_archive(self.bus, "by hand"))


def _copy(queue: StoredQueue) -> None:
    for message in list(queue.messages.values()):
        queue.send(Outgoing(message.body, message.attributes))


def _edit_attributes(queue: StoredQueue) -> None:
    for message in list(queue.messages.values()):
        del queue.messages[message.message_id]
        queue.send(Outgoing(message.body, {"redrives": "many", "first_seen": "yesterday"}))


def _edited(body: str) -> str:
    """A sealed batch's events get other contents. Other messages have no checksum, and an edited
    envelope would be a different event: they get an end that makes them unreadable."""
    if '"sum":' not in body:
        return f"{body}?"
    for number in numbers_of(body):
        body = body.replace(marker(number), f"{marker(number)} as edited")
    return body
