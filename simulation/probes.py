"""Probes: which parts of the protocol were seen at work. A probe left at zero fails the run."""

import re
from collections import Counter

from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Code, code_of
from lambdas.relay.requests.record import SORT_KEY
from lambdas.relay.requests.states import objections

#: the longest pause that a destination may ask for, and the largest error of a clock
REST_MAX_MS = 3_700_000
_NUMBERS = re.compile(r"\d+(\.\d+)?")


class Probes:
    """Implements relay.kernel.ports.Telemetry, and watches the ledger's table."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        #: lines in the functions' logs
        self.lines = 0
        #: what was wrong with a record when it was written
        self.unsound: list[str] = []
        #: records that a person has edited: their state then is nobody's transition
        self.edited: set[str] = set()

    def count(self, metric: Metric, value: float = 1) -> None:
        if value:
            self.counts[f"metric {metric}"] += int(value)

    def note(self, message: str, **fields: object) -> None:
        self.lines += 1
        reason = str(fields.get("reason", ""))
        if code_of(reason) is Code.UNEXPECTED:
            self.unexpected.append(reason)
        if message == "webhook":
            self.counts[f"webhook answered {fields['status']}"] += 1
        if message == "deferred":
            self.counts[f"deferred: {_NUMBERS.sub('n', reason)}"] += 1

    def transition(self, old: Item | None, new: Item | None, now_ms: int) -> None:
        if new is not None and new["sk"] == SORT_KEY and new["pk"] not in self.edited:
            self.unsound += [f"{new['pk']}: {said}" for said in objections(old, new)]
        rest_until_ms = None if new is None else new.get("rest_until_ms")
        if isinstance(rest_until_ms, int) and rest_until_ms > now_ms + REST_MAX_MS:
            self.unsound.append("a destination is to rest for more than an hour")
        before = "none" if old is None else old.get("state")
        after = "gone" if new is None else new.get("state")
        if "SHARED" in (before, after):
            return
        if before is not None and after is not None and (before, after) != ("none", "gone"):
            self.counts[f"record {before} > {after}"] += 1


#: what a large campaign must have seen: every transition of a record, every metric of the protocol,
#: and every reason to come back later that the simulated world can cause
EXPECTED: tuple[str, ...] = (
    *(
        f"record {transition}"
        for transition in (
            "none > SEALED",
            "none > REJECTED",
            "none > MANUAL_REVIEW",
            "SEALED > OPEN",
            "SEALED > EMPTY",
            "OPEN > OPEN",
            "OPEN > DONE",
            "OPEN > PENDING_EVENT",
            "OPEN > RECONCILED",
            "OPEN > SPLIT",
            "OPEN > REJECTED",
            "OPEN > MANUAL_REVIEW",
            "PENDING_EVENT > CONFIRMED",
            "PENDING_EVENT > TIMEOUT_RECOVERY",
            "TIMEOUT_RECOVERY > CONFIRMED",
            "TIMEOUT_RECOVERY > MANUAL_REVIEW",
            "MANUAL_REVIEW > CONFIRMED",
            "REJECTED > SPLIT",
            "REJECTED > DISCARDED",
            "DONE > gone",
            "EMPTY > gone",
        )
    ),
    *(
        f"metric {metric}"
        for metric in (
            "EventsReceived",
            "EventsUnrouted",
            "Quarantined",
            "Claimed",
            "Duplicates",
            "IdentityCollisions",
            "BeyondHorizon",
            "RequestsAccepted",
            "RequestsRefused",
            "RequestsDeferred",
            "RequestsUnsure",
            "RequestsUnclear",
            "InDoubtReposted",
            "Delivered",
            "Parked",
            "Echoes",
            "Confirmed",
            "WindowsExpired",
            "BreakerOpened",
            "Redriven",
            "DeadLettered",
            "WebhookTaken",
            "WebhookPutOff",
            "WebhookRefused",
        )
    ),
    *(f"webhook answered {status}" for status in (200, 400, 401, 429, 503)),
    *(
        f"deferred: {reason}"
        for reason in (
            Code.LEASE_HELD(),
            Code.TRUTH_UNKNOWN(),
            Code.OUTCOME_UNKNOWN(Code.QUOTED("no answer")),
            Code.OUTCOME_UNKNOWN(Code.STATUS("n")),
            Code.OUTCOME_UNKNOWN(Code.STATUS_NOT_JSON("n")),
            Code.OUTCOME_UNKNOWN(Code.STATUS_ERROR("n", "n Endpoint request timed out")),
            Code.NO_CONNECTION(),
            Code.RATE_LIMIT(),
            Code.NO_TOKEN("n"),
            Code.LOGIN_UNREADABLE(),
            Code.NO_SLOT(),
            Code.TOO_LITTLE_TIME(),
            Code.CALL_FAILED("ledger", "asks to slow down"),
            Code.CALL_FAILED("ledger", "did not answer"),
            Code.CALL_FAILED("ledger", "some of the items"),
            Code.CALL_FAILED("queue", "did not answer"),
            Code.CALL_FAILED("queue", "some of the messages"),
            Code.CALL_FAILED("queue", "asks to slow down"),
            Code.CALL_FAILED("vault", "refused"),
            Code.CALL_FAILED("vault", "did not answer"),
            Code.CALL_FAILED("secret", "unreadable"),
        )
    ),
)


def missing(counts: Counter[str]) -> list[str]:
    return [name for name in EXPECTED if not counts[name]]
