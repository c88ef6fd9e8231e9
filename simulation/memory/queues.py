"""Queues like those of SQS: at least once, unordered, regrouped, counted, dead-lettered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from lambdas.relay.kernel.errors import Throttled, Transient
from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import Code
from simulation.memory.faults import Faults
from simulation.memory.gate import Gate
from simulation.memory.sizes import refuse_message
from simulation.memory.timeline import Timeline

#: bodies that a queue remembers, for a person who sends an old message again
SEEN_MAX = 5


@dataclass(slots=True)
class Message:
    message_id: str
    body: str
    attributes: Mapping[str, str]
    sent_at_ms: int
    visible_at_ms: int
    receives: int = 0
    #: the newest receipt; an older one neither hides nor deletes
    receipt: str = ""


class StoredQueue:
    """One queue, as SQS keeps it."""

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        random: Random,
        *,
        visibility_s: int,
        retention_s: int,
        receives_max: int | None = None,
        dead: "StoredQueue | None" = None,
    ) -> None:
        self.name = name
        self.dead = dead
        self.receives_max = receives_max
        self.messages: dict[str, Message] = {}
        #: called with the time at which there will be something to receive
        self.on_visible: Callable[[int], None] = _ignore
        #: called with the text of each message that one of our functions has sent here
        self.on_sent: Callable[[str], None] = _heard
        #: how many messages ever came here, and the bodies of the first of them
        self.taken = 0
        self.seen: list[str] = []
        #: the last redrive of dead letters stopped at one that a function had sent
        self.is_redrive_stopped = False
        #: messages that SQS dropped at the end of their retention
        self.dropped: list[Message] = []
        self._timeline = timeline
        self._random = random
        self._visibility_s = visibility_s
        self._retention_ms = retention_s * 1000
        self._numbers = 0

    def send(self, outgoing: Outgoing) -> None:
        now_ms = self._timeline.now_ms
        self._numbers += 1
        attributes = {name: value for name, value in outgoing.attributes.items() if value}
        visible_at_ms = now_ms + outgoing.delay_s * 1000
        self._take(
            Message(
                f"{self.name}-{self._numbers}", outgoing.body, attributes, now_ms, visible_at_ms
            )
        )

    def receive(self, most: int, *, again: bool = False) -> list[Delivery]:
        """Delivers up to `most` visible messages; with `again` they stay visible, as may happen in
        SQS."""
        now_ms = self._timeline.now_ms
        visible = [m for m in self.messages.values() if m.visible_at_ms <= now_ms]
        self._random.shuffle(visible)
        deliveries: list[Delivery] = []
        for message in visible:
            if now_ms - message.sent_at_ms > self._retention_ms:
                self.dropped.append(self.messages.pop(message.message_id))
            elif self.receives_max is not None and message.receives >= self.receives_max:
                self._bury(message)
            elif len(deliveries) < most:
                deliveries.append(self._hand_out(message, again))
        return deliveries

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        message = self._of(delivery)
        if message is not None:
            message.visible_at_ms = self._timeline.now_ms + int(seconds * 1000)
            self.on_visible(message.visible_at_ms)

    def delete(self, delivery: Delivery) -> None:
        message = self._of(delivery)
        if message is not None:
            del self.messages[message.message_id]

    def visible_at_ms(self, delivery: Delivery) -> int | None:
        """When a delivered message can be received again; None if it is gone."""
        message = self.messages.get(delivery.message_id)
        return None if message is None else message.visible_at_ms

    def redrive(self, to: "StoredQueue", most: int) -> int:
        """The console's redrive: new ids, a receive count of zero, a new time of sending."""
        chosen = list(self.messages.values())
        self._random.shuffle(chosen)
        for message in chosen[:most]:
            del self.messages[message.message_id]
            to.send(Outgoing(message.body, message.attributes))
        return min(most, len(chosen))

    def redrive_to_source(self) -> None:
        """The console's default choice; it stops at the first message that a function has sent."""
        self.is_redrive_stopped = bool(self.messages)

    def resume_redrive(self, to: "StoredQueue") -> bool:
        """See relay.kernel.ports.Ports.resume_redrive."""
        was_stopped, self.is_redrive_stopped = self.is_redrive_stopped, False
        if was_stopped:
            self.redrive(to, len(self.messages))
        return was_stopped

    def _hand_out(self, message: Message, again: bool) -> Delivery:
        message.receives += 1
        message.receipt = f"{message.message_id}.{message.receives}"
        if again:
            self.on_visible(message.visible_at_ms)
        else:
            message.visible_at_ms = self._timeline.now_ms + self._visibility_s * 1000
        return Delivery(
            message_id=message.message_id,
            receipt=message.receipt,
            body=message.body,
            receives=message.receives,
            sent_at_ms=message.sent_at_ms,
            attributes=message.attributes,
        )

    def _bury(self, message: Message) -> None:
        """SQS keeps the id and the time of the first sending."""
        del self.messages[message.message_id]
        if self.dead is None:
            self.dropped.append(message)
            return
        message.receives = 0
        message.visible_at_ms = self._timeline.now_ms
        self.dead._take(message)

    def _take(self, message: Message) -> None:
        self.taken += 1
        if len(self.seen) < SEEN_MAX:
            self.seen.append(message.body)
        self.messages[message.message_id] = message
        self.on_visible(message.visible_at_ms)

    def _of(self, delivery: Delivery) -> Message | None:
        message = self.messages.get(delivery.message_id)
        return message if message is not None and message.receipt == delivery.receipt else None


def _ignore(visible_at_ms: int) -> None:
    return


def _heard(text: str) -> None:
    return


class MemoryQueue:
    """Implements relay.kernel.ports.Queue."""

    def __init__(self, stored: StoredQueue, gate: Gate, faults: Faults) -> None:
        self._stored = stored
        self._gate = gate
        self._faults = faults

    def send(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            refuse_message(message)
        for start in range(0, len(messages), SQS_ENTRIES_MAX):
            self._send(messages[start : start + SQS_ENTRIES_MAX])

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        self._gate.step("queue.hide")
        if self._faults.strikes("hide refused"):
            raise Transient(Code.CALL_FAILED("queue", "not hidden"))
        self._stored.change_visibility(delivery, seconds)
        self._gate.step("queue.hide answered")

    def receive(self, most: int) -> Sequence[Delivery]:
        self._gate.step("queue.receive")
        if self._faults.strikes("receive short"):
            most = int(most * self._faults.fraction())
        again = self._faults.strikes("delivered twice")
        deliveries = self._stored.receive(min(most, SQS_ENTRIES_MAX), again=again)
        self._gate.step("queue.receive answered")
        return deliveries

    def delete(self, delivery: Delivery) -> None:
        self._gate.step("queue.delete")
        if not self._faults.strikes("delete lost"):
            self._stored.delete(delivery)
        self._gate.step("queue.delete answered")

    def _send(self, messages: Sequence[Outgoing]) -> None:
        self._gate.step("queue.send")
        if self._faults.strikes("send refused"):
            raise Transient(Code.CALL_FAILED("queue", "did not take the messages"))
        if self._faults.strikes("send throttled"):
            raise Throttled(Code.CALL_FAILED("queue", "asks to slow down"))
        if len(messages) > 1 and self._faults.strikes("send partly"):
            for message in messages:
                if self._faults.fraction() < 0.5:
                    self._put(message)
            raise Transient(Code.CALL_FAILED("queue", "some of the messages"))
        times = 2 if self._faults.strikes("send repeated") else 1
        for message in messages:
            for _ in range(times):
                self._put(message)
        if self._faults.strikes("send answer lost"):
            raise Transient(Code.CALL_FAILED("queue", "did not answer"))
        self._gate.step("queue.send answered")

    def _put(self, message: Outgoing) -> None:
        self._stored.send(message)
        self._stored.on_sent(message.body)
