"""The result of one run of reconcile: what it did, and what is left."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdas.relay.functions.overdue import Fate
from lambdas.relay.kernel.limits import OVERDUE_S
from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.ports import Item, Telemetry
from lambdas.relay.requests.record import Record

STATE_METRICS: Mapping[str, Metric] = {
    "SEALED": "OverdueSealed",
    "OPEN": "OverdueOpen",
    "PENDING_EVENT": "OverduePendingEvent",
    "TIMEOUT_RECOVERY": "OverdueTimeoutRecovery",
}


@dataclass(slots=True)
class Result:
    #: dead letters: redriven, given to a person, already done, kept for now
    redriven: int = 0
    parked: int = 0
    cleared: int = 0
    kept: int = 0
    #: overdue records: settled, sent again, given to a person, postponed
    aligned: int = 0
    resent: int = 0
    reviewed: int = 0
    postponed: int = 0
    #: dead letters and records that were left unchanged after an error
    failed: int = 0
    #: what is left: overdue (postponed ones included), waiting for a person, and for how long
    overdue: int = 0
    in_review: int = 0
    in_quarantine: int = 0
    oldest_overdue_s: int = 0
    oldest_review_s: int = 0
    #: overdue records looked at, by state
    states: dict[str, int] = field(default_factory=dict)
    out_of_time: bool = False
    out_of_requests: bool = False

    def note(self, fate: Fate, item: Item, now_s: int) -> None:
        """Counts the fate of one overdue record."""
        tracked = Record.of(item)
        states = Counter(self.states)
        states[tracked.state] += 1
        self.states = dict(states)
        match fate:
            case "aligned":
                self.aligned += 1
            case "resent":
                self.resent += 1
            case "reviewed":
                self.reviewed += 1
            case "postponed":
                self.postponed += 1
                since_s = tracked.sealed_at_ms // 1000 + OVERDUE_S
                self.oldest_overdue_s = max(self.oldest_overdue_s, now_s - since_s)
            case "changed" | "unasked":
                pass

    def tell(self, telemetry: Telemetry) -> None:
        telemetry.count("Redriven", self.redriven)
        telemetry.count("DeadLettersKept", self.kept)
        telemetry.count("DeadLettersCleared", self.cleared)
        telemetry.count("Overdue", self.overdue)
        telemetry.count("InReview", self.in_review)
        telemetry.count("InQuarantine", self.in_quarantine)
        telemetry.count("OldestOverdueSeconds", self.oldest_overdue_s)
        telemetry.count("OldestReviewSeconds", self.oldest_review_s)
        for state, metric in STATE_METRICS.items():
            telemetry.count(metric, self.states.get(state, 0))
