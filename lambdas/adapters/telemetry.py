"""Logs and metrics with Powertools: structured lines, metrics as EMF, both through stdout."""

import logging

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from lambdas.relay.metrics import Metric

RESERVED = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class PowertoolsTelemetry:
    """Implements relay.ports.Telemetry. Service, namespace and level come from the
    POWERTOOLS_* variables that the stack sets."""

    def __init__(self, environment: str) -> None:
        self._logger = Logger()
        self._metrics = Metrics()
        self._metrics.set_default_dimensions(environment=environment)

    def count(self, metric: Metric, value: float = 1) -> None:
        if value:
            self._metrics.add_metric(metric, MetricUnit.Count, value)

    def note(self, message: str, **fields: object) -> None:
        # A field may not bear the name of what `logging` itself keeps of a line: it would raise.
        named = {f"{name}_" if name in RESERVED else name: value for name, value in fields.items()}
        self._logger.info(message, extra=named)

    def flush(self) -> None:
        """Writes what was counted; once per invocation."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()
