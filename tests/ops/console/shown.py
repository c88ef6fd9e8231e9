"""Readings to show: a night with a bit of everything, and events with texts that a page must not
take for its own."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.relay.audit.auditing import Audit
from lambdas.relay.audit.comparison import Heard, conclude, verdict_on
from lambdas.relay.audit.gathering import Period
from lambdas.relay.audit.record import expected_of
from lambdas.relay.genesys.circuit_breaker import Circuit, opened
from lambdas.relay.genesys.rate_limiter import Window
from lambdas.relay.kernel.ports import Delivery
from lambdas.relay.requests.record import Record
from lambdas.relay.requests.sending import sealed_item
from lambdas.relay.review.resolution import Parked
from ops.attention import Entry
from ops.audit_trail import EventWay, Moment, RequestWay, Trace
from ops.connection import Line as QueueLine
from ops.console.readings import Case, Ran
from ops.dead_letter import DeadLetter, Filter
from ops.dead_letters import Choice
from ops.errors import OpsError
from ops.event_history import Answer, ways
from ops.health import Standing, judge
from ops.listing import Listed, Wanted
from ops.overview import Line
from ops.reading import Depth, Reading, Reconciled, Ringing
from ops.review_cases import Cases, Quarantined, Waiting
from ops.trace import Found
from tests.analytics import conversation
from tests.unit.batches import NOW_MS, sealed, sealed_event

#: a text that would be more than text
HOSTILE = '<script>document.title="taken"</script><img src=x onerror=alert(1)>'
CONVERSATION = "7f3b8c1e-52a4-4d0e-9c55-0a6d1f2b3c4d"
BEGIN = datetime.fromtimestamp(NOW_MS / 1000, UTC)
REQUEST = "2f0c8a52-7f0e-4a0b-8a53-8f6f1c0f9d11"
REFUSED = "9a4d1c3b-0b8e-4f35-9f6b-5a1f6d3e2c70"
QUIET = Depth(0, 0, 0, 0, None, None)


def reading(*, is_quiet: bool = False) -> Reading:
    quiet = Reading(
        depths=dict.fromkeys(("events", "batches", "writes", "checks"), QUIET),
        attention=(),
        window=Window(number=1, ends_at_ms=NOW_MS + 20_000, leased=41),
        slots_allowed=300,
        circuits={"journey": Circuit()},
        quarantine=(),
        alarms=(),
        reconciled=Reconciled(NOW_MS - 600_000, {"redriven": 2}),
        audited=None,
        is_scheduled=True,
        version="code 1a2b3c4d5e6f, deployed 2026-01-08T17:20:00Z",
        now_ms=NOW_MS,
    )
    if is_quiet:
        return quiet
    return replace(
        quiet,
        depths={
            "events": Depth(12, 50, 0, 0, 4.0, None),
            "batches": Depth(3, 10, 0, 0, 2.0, None),
            "writes": Depth(1_480, 5, 20, 2, 5_400.0, 7_200.0),
            "checks": QUIET,
        },
        window=Window(number=1, ends_at_ms=NOW_MS + 20_000, leased=214),
        circuits={"journey": opened(Circuit(), NOW_MS - 60_000), "notes": Circuit()},
        attention=(
            Entry("review", REFUSED, "REJECTED", "journey", NOW_MS // 1000 - 40_000),
            Entry("overdue", REQUEST, "OPEN", "journey", NOW_MS // 1000 - 900),
        ),
        quarantine=(Quarantined("ab3d5f7h9k", NOW_MS - 7_000_000),),
        alarms=(
            Ringing(
                "GenesysFailing",
                NOW_MS - 1_500_000,
                "No request was accepted for ten minutes. Runbook: docs/runbook.md#genesysfailing",
            ),
        ),
    )


def request(state: str, **more: object) -> RequestWay:
    made = RequestWay(
        batch_id=REQUEST,
        state=state,
        destination="journey",
        attempts=2,
        reposts=0,
        context_id="6d0e2f9a-1111-4222-8333-944445555666",
        genesys_id="",
        expected={},
        confirmed_by="",
        reason="",
        parent="",
        parts=(),
        compensated_by="",
        held=(),
        duplicates=(),
        contradictions=(),
        events=(f"{CONVERSATION}/mmgx5hnk2c7r3qj4u8v9w0y1z2",),
        moments=(
            Moment(NOW_MS, "sealed"),
            Moment(NOW_MS + 2_100, "#1 no answer within 10 s"),
            Moment(NOW_MS + 95_000, "#2 accepted"),
        ),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def event(topic: str = "order.paid") -> EventWay:
    return EventWay(
        owner=CONVERSATION,
        identity="mmgx5hnk2c7r3qj4u8v9w0y1z2",
        destination="journey",
        route="steps",
        topic=topic,
        envelope_id="0d1f2e3c-4b5a-4978-8695-a4b3c2d1e0f9",
        claimed_at_ms=NOW_MS + 40,
        batch_id=REQUEST,
    )


def answer(state: str, topic: str = "order.paid", **more: object) -> Answer:
    found = Trace(CONVERSATION, (event(topic),), (request(state, **more),), is_partial=False)
    return Answer(ways(found), (), is_partial=False)


def parked() -> Parked:
    (batch,) = sealed([sealed_event("order-4711", item=json.dumps({"note": HOSTILE}))])
    item = {
        **sealed_item(batch, NOW_MS),
        "state": "REJECTED",
        "attempt": 1,
        "reason": f"400 no such customer {HOSTILE}",
        "history": [f"{NOW_MS} #1 refused: 400"],
    }
    return Parked(Record.of(item), item, {"advice": "Make the customer first."}, batch)


LETTER = DeadLetter(
    "writes",
    Delivery(
        message_id="5b1c7d2e-9f3a-4c6b-8d7e-1a2b3c4d5e6f",
        receipt="",
        body=json.dumps({"said": HOSTILE}),
        receives=1,
        sent_at_ms=NOW_MS,
        attributes={
            "reason": "429: the minute is used up",
            "attempts": "7",
            "batch": REQUEST,
            "conversation": CONVERSATION,
            "topic": HOSTILE,
        },
    ),
)


class Shown:
    """Implements ops.console.readings.Readings."""

    title = "genesys-relay-production (eu-central-1)"

    def __init__(self, *, is_quiet: bool = False) -> None:
        self.is_quiet = is_quiet
        self.ran: list[list[str]] = []
        self.asked: list[Any] = []

    #: the pictures are of a checkout with one environment
    has_others = False

    def environments(self) -> list[Line]:
        trouble = [] if self.is_quiet else [f"could not be read: {HOSTILE}"]
        return [
            Line("eu", "genesys-relay-eu", "code 1a2b", ()),
            Line("us", "", "", trouble),
        ]

    def standing(self) -> Standing:
        return judge(reading(is_quiet=self.is_quiet))

    def trace(self, name: str) -> Found:
        self.asked.append(name)
        match name:
            case "waiting":
                return Found(name, answer("REJECTED", HOSTILE, reason=HOSTILE), ())
            case "nobody":
                raise OpsError(f"Nothing is known of {name}.")
        return Found(name, answer("CONFIRMED", confirmed_by="v2.journey.step"), ())

    def events(self, wanted: Wanted, after: str) -> Listed:
        self.asked.append((wanted, after))
        waiting = answer("REJECTED", HOSTILE).ways
        return Listed([*answer("DONE").ways, *waiting], 20_000, "" if after else "further")

    def missing(self, since: str, until: str) -> Audit:
        self.asked.append((since, until))
        told = [
            conversation(n, BEGIN + timedelta(hours=n)) for n in range(0 if self.is_quiet else 3)
        ]
        period = Period(NOW_MS, NOW_MS + 6 * 3_600_000)
        expected = [
            replace(event, conversation_id=HOSTILE) if each is told[1] else event
            for each in told
            for event in expected_of(each)
        ]
        came = [event.topic for event in expected if event.conversation_id != HOSTILE]
        verdicts = [
            verdict_on(
                [event for event in expected if event.conversation_id == name],
                [Heard(topic, topic) for topic in came if name in topic],
                lambda event: None,
            )
            for name in dict.fromkeys(event.conversation_id for event in expected)
        ]
        return Audit(period, len(told), conclude(verdicts))

    def letters(self, wanted: Filter) -> Choice:
        chosen = [LETTER] if not self.is_quiet and wanted.takes(LETTER, NOW_MS) else []
        line = QueueLine("writes", "", "")
        return Choice([(line, one) for one in chosen], 0, 1_000, ())

    def cases(self) -> Cases:
        reason = f"400 no such customer {HOSTILE}"
        refused = Waiting(REFUSED, "REJECTED", reason, "2026-01-09T01:00:00Z", "journey", 2)
        unread = Waiting("ab3d5f7h9k", "QUARANTINED", "no JSON", "2026-01-09T08:03:20Z", "-", 0)
        return Cases([] if self.is_quiet else [refused, unread], may_be_more=False)

    def case(self, name: str) -> Case:
        if name == REFUSED:
            return Case(name, parked(), None)
        return Case(name, None, {"reason": "no JSON", "at_ms": NOW_MS, "message": HOSTILE})

    def run(self, command: Sequence[str]) -> Ran:
        self.ran.append(list(command))
        is_dry = "--dry-run" in command
        said = (
            "1 dead letter would be redriven. Nothing was changed."
            if is_dry
            else "1 of 1 redriven."
        )
        return Ran(0, f"{said} {HOSTILE}")
