"""Event buses: rules deliver envelopes to queues, at least once and sometimes late."""

import json
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.ports import Outgoing
from simulation.memory.faults import Faults
from simulation.memory.queues import StoredQueue
from simulation.memory.timeline import Timeline

#: EventBridge retries a target for 24 hours; most late deliveries are late by seconds
LATE_MAX_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """An exact source, and where its envelopes go."""

    source: str
    target: StoredQueue
    #: where EventBridge puts what it cannot deliver
    dead: StoredQueue


class Bus:
    def __init__(self, rules: tuple[Rule, ...], timeline: Timeline, faults: Faults) -> None:
        self._rules = rules
        self._timeline = timeline
        self._faults = faults
        #: the archive: everything that was ever accepted and that a rule here matches
        self.archive: list[str] = []

    def put(self, envelope: str) -> None:
        """Accepts an envelope (JSON); each rule that matches gets it."""
        source = json.loads(envelope).get("source")
        for rule in self._rules:
            if rule.source == source:
                self.archive.append(envelope)
                self._deliver(envelope, rule)

    def replay(self, name: str) -> None:
        """Delivers the whole archive again, as EventBridge does: each envelope unchanged, plus the
        replay's name."""
        for envelope in self.archive.copy():
            self._hand_on({**json.loads(envelope), "replay-name": name})

    def _hand_on(self, document: dict[str, Any]) -> None:
        for rule in self._rules:
            if rule.source == document.get("source"):
                self._deliver(json.dumps(document), rule)

    def _deliver(self, envelope: str, rule: Rule) -> None:
        if self._faults.strikes("bus undeliverable"):
            rule.dead.send(Outgoing(envelope, {"ERROR_CODE": "SDK_CLIENT_ERROR"}))
            return
        message = Outgoing(envelope)
        if self._faults.strikes("bus late"):
            delay_s = self._faults.fraction() ** 3 * LATE_MAX_S
            self._timeline.after(delay_s, lambda: rule.target.send(message))
        else:
            rule.target.send(message)
        if self._faults.strikes("bus delivered twice"):
            delay_s = self._faults.fraction() * 60
            self._timeline.after(delay_s, lambda: rule.target.send(message))
