"""Logs and metrics with Powertools: structured lines, metrics as EMF, both through stdout.

A log line may contain what correlates (ids, states, counts, times), but no customer's words or
name. So numbers are logged, texts only in the fields listed here, and of any other field only its
name, as withheld. Powertools adds the function, the level, the time and the X-Ray trace id.
"""

import logging
from collections.abc import Mapping

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.personal import masked

RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

#: fields whose texts correlate: docs/runbook.md, "Read the logs", says how to search by them
TEXTS = frozenset(
    {
        "batch",
        "conversation",
        "correlation",
        "correlations",
        "destination",
        "document",
        "earlier",
        "envelope",
        "identity",
        "kind",
        "queue",
        "reason",
        "route",
        "sender",
        "state",
        "topic",
        "was",
    }
)
#: characters of one text in a line; Lambda cuts whole lines at 256 KB
TEXT_CHARS_MAX = 8_000


def presentable(fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of a note that may be logged; `withheld` names the others."""
    shown: dict[str, object] = {}
    withheld: list[str] = []
    for name, value in fields.items():
        if value is None or isinstance(value, bool | int | float):
            shown[name] = value
        elif name in TEXTS:
            # A reason may quote Genesys, and Genesys may quote an event.
            shown[name] = masked(str(value))[:TEXT_CHARS_MAX]
        else:
            withheld.append(name)
    return shown | ({"withheld": withheld} if withheld else {})


class PowertoolsTelemetry:
    """Implements relay.kernel.ports.Telemetry. Service, namespace and level come from the
    POWERTOOLS_* variables that the stack sets."""

    def __init__(self, environment: str) -> None:
        self._logger = Logger()
        self._metrics = Metrics()
        self._metrics.set_default_dimensions(environment=environment)
        self._counted: dict[Metric, float] = {}

    def count(self, metric: Metric, value: float = 1) -> None:
        if value:
            self._counted[metric] = self._counted.get(metric, 0) + value

    def note(self, message: str, **fields: object) -> None:
        # `logging` raises if a field has the name of one of its own attributes.
        shown = presentable(fields)
        named = {f"{name}_" if name in RESERVED else name: value for name, value in shown.items()}
        self._logger.info(message, extra=named)

    def flush(self) -> None:
        """Writes the sum of each metric that was counted; called once per invocation."""
        counted, self._counted = self._counted, {}
        for metric, value in counted.items():
            self._metrics.add_metric(metric, MetricUnit.Count, value)
        if counted:
            self._metrics.flush_metrics()
