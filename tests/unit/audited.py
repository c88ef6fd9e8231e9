"""Genesys' (simulated) record beside what intake and dedup have claimed of events that arrive."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.relay.audit.auditing import Audit, Deps, audit
from lambdas.relay.audit.gathering import Analytics, Period
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.routes.configuration import Configuration
from simulator.control import control
from simulator.messages import Request
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY, Simulated

NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
MORNING = NOW - timedelta(hours=12)
DETAIL = "v2.detail.events.conversation.{id}."
BY_MOMENT = {"v2.detail.events.*": "moment"}


def configured(**more: Any) -> Configuration:
    route = {"name": "all", "destination": "there", "topics": ["v2.detail.events.*"]}
    rows = more.pop("routes", [route])
    return parse({"destinations": {"there": JOURNEY}, "routes": rows, **more})


class World(Simulated):
    def hold(self, *conversations: dict[str, Any], **more: Any) -> None:
        """Genesys has these on record."""
        body = json.dumps({"conversations": conversations, **more}).encode()
        answer = control(self.platform, Request("POST", "/_sim/history", {}, {}, body))
        assert answer.status == 200, answer.body

    def arrive(self, envelopes: Iterable[dict[str, Any]]) -> None:
        """They come over the bus and are claimed."""
        deps = IntakeDeps(
            self.consumer("events"), self.queue("batches"), self.configuration, self.personal_key
        )
        arrived = self.deliver(*map(json.dumps, envelopes), to="events")
        assert intake(arrived, deps) == []
        claiming = DedupDeps(
            self.consumer("batches"),
            self.ledger,
            self.queue("writes"),
            self.queue("checks"),
            self.configuration.destinations,
            {},
            1,
        )
        batches = self.stored_queue("batches").receive(10)
        assert settle_each(batches, lambda each: dedup(each, claiming), claiming.consumer) == []

    def audited(
        self, since: datetime = MORNING, until: datetime = NOW, patience_s: float = 3_600
    ) -> Audit:
        ends_ms = self.timeline.now_ms + patience_s * 1000

        def wait(seconds: float) -> bool:
            if self.timeline.now_ms + seconds * 1000 > ends_ms:
                return False
            self.timeline.advance(seconds)
            return True

        analytics = Analytics(self.genesys(), self.clock, wait)
        period = Period(*(round(moment.timestamp() * 1000) for moment in (since, until)))
        return audit(period, Deps(analytics, self.ledger, self.configuration), NOW_MS)
