"""Publishing like the partner: new envelopes with PutPartnerEvents; redeliveries like EventBridge,
directly to the rule's target."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from demo.run.lines import Line
from demo.run.sameness import is_state_of_aws
from demo.run.stage import Stage, StageError
from lambdas.adapters.queues import groups
from lambdas.relay.kernel.field_types import is_encodable
from lambdas.relay.kernel.limits import SQS_ENTRIES_MAX

#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPartnerEvents.html: Entries
ENTRIES_MAX = 20
REPORT_EVERY_S = 0.2


def publish(lines: Sequence[Line], source: str, stage: Stage, tell: Callable[[int], None]) -> None:
    """Publishes every line in order; `tell` receives how many so far. Raises StageError.

    EventBridge gives every accepted put a new id. So the first line with an id is put; a later one
    with the same id is a copy that EventBridge delivers again. What EventBridge would not accept
    also goes directly to the rule's target, like a notice or a message sent by hand.
    """
    stage.genesys.post("conversations", known=conversations_in(lines))
    publisher = _Publisher(source, stage)
    reported = 0.0
    for number, line in enumerate(lines):
        publisher.take(line)
        if time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            tell(number + 1)
    publisher.flush()
    tell(len(lines))


def conversations_in(lines: Sequence[Line]) -> dict[str, list[str]]:
    """The conversations that occur in the lines, with their participants, so that Genesys has them.
    A text that breaks off in the middle of a character is no id."""
    found: dict[str, list[str]] = {}
    for line in lines:
        match line.document:
            case {"detail": {"eventBody": {"conversationId": str() as conversation, **body}}}:
                if is_encodable(conversation):
                    participants = found.setdefault(conversation, [])
                    participant = body.get("participantId")
                    if isinstance(participant, str) and is_encodable(participant):
                        participants.append(participant)
    return found


class _Publisher:
    def __init__(self, source: str, stage: Stage) -> None:
        self._source = source
        self._events = stage.aws.client("events")
        self._sqs = stage.aws.client("sqs")
        self._target = stage.outputs["EventsQueueUrl"]
        self._put_at = stage.put_at
        self._puts: list[Line] = []
        self._copies: list[str] = []
        #: the id that EventBridge gave, by the id in the line
        self._given: dict[str, str | None] = {}

    def take(self, line: Line) -> None:
        stated = line.envelope_id
        is_copy = stated is not None and stated in self._given
        if line.is_publishable and line.document["source"] == self._source and not is_copy:
            self._puts.append(line)
            if stated is not None:
                self._given[stated] = None
            if len(self._puts) == ENTRIES_MAX:
                self._put()
            return
        if is_copy and line.is_publishable and self._given[str(stated)] is None:
            self._put()
        self._copies.append(self._redelivered(line))
        if len(self._copies) == SQS_ENTRIES_MAX:
            self._deliver()

    def flush(self) -> None:
        self._put()
        self._deliver()

    def _redelivered(self, line: Line) -> str:
        """The line as EventBridge delivers it: with the id of the accepted put and the current
        time, since a captured line has the time of the original delivery; but a state of an AWS
        service is distinguished by it."""
        if not line.is_publishable:
            return line.text
        given = self._given.get(line.envelope_id or "") or line.envelope_id
        if is_state_of_aws(line.document):
            return json.dumps({**line.document, "id": given})
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return json.dumps({**line.document, "id": given, "time": now})

    def _put(self) -> None:
        puts, self._puts = self._puts, []
        if not puts:
            return
        answer = self._events.put_partner_events(
            Entries=[
                {
                    "Source": line.document["source"],
                    "DetailType": line.document["detail-type"],
                    "Detail": json.dumps(line.document["detail"]),
                    "Resources": _resources(line),
                }
                for line in puts
            ]
        )
        for line, entry in zip(puts, answer["Entries"], strict=True):
            if "EventId" not in entry:
                raise StageError(
                    f"EventBridge did not accept an event ({entry.get('ErrorMessage')}): "
                    f"{line.text[:100]}"
                )
            self._put_at[entry["EventId"]] = time.time()
            if line.envelope_id is not None:
                self._given[line.envelope_id] = entry["EventId"]

    def _deliver(self) -> None:
        copies, self._copies = self._copies, []
        for group in groups(copies, lambda body: len(body.encode())):
            answer = self._sqs.send_message_batch(
                QueueUrl=self._target,
                Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(group)],
            )
            if answer.get("Failed"):
                raise StageError(f"SQS did not take {len(answer['Failed'])} redelivered events.")


def _resources(line: Line) -> list[str]:
    stated = line.document.get("resources")
    return [r for r in stated if isinstance(r, str)] if isinstance(stated, list) else []
