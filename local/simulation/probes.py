"""Probes: what of the protocol was seen at work. One that stays at nought fails the run."""

import re
from collections import Counter

from lambdas.relay.metrics import Metric
from lambdas.relay.ports import Item

_NUMBERS = re.compile(r"\d+(\.\d+)?")


class Probes:
    """Implements relay.ports.Telemetry, and watches the ledger's table."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []

    def count(self, metric: Metric, value: float = 1) -> None:
        if value:
            self.counts[f"metric {metric}"] += int(value)

    def note(self, message: str, **fields: object) -> None:
        reason = str(fields.get("reason", ""))
        if reason.startswith("unexpected"):
            self.unexpected.append(reason)
        if message == "deferred":
            self.counts[f"deferred: {_NUMBERS.sub('n', reason)}"] += 1

    def transition(self, old: Item | None, new: Item | None) -> None:
        before = "none" if old is None else old.get("state")
        after = "gone" if new is None else new.get("state")
        if before is not None and after is not None and (before, after) != ("none", "gone"):
            self.counts[f"record {before} > {after}"] += 1
