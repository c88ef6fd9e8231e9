"""The dashboard, from top to bottom: is it healthy, how far behind is it, what does it cost?"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from lambdas.relay.kernel.metrics import Metric
from stacks import measures, prices
from stacks.ledger import ATTENTION_INDEX
from stacks.measures import PERIOD_S, everywhere
from stacks.queues import DeadLetteredQueue

#: a dashboard's width in columns
WIDTH = 24
HEIGHT = 6
MEMORY_GB = {"intake": 0.5, "audit": 1.0}
MEMORY_GB_DEFAULT = 0.25

Lines = Mapping[Metric, str]

#: outcomes of events
EVENTS: Lines = {
    "EventsReceived": "received",
    "Claimed": "new",
    "Duplicates": "duplicates",
    "Shadowed": "claimed in shadow mode",
    "Consolidated": "small batches merged",
    "Delivered": "delivered",
    "Echoes": "caused by the relay",
    "EventsUnrouted": "without a route",
    "EventsFiltered": "filtered by a route",
    "AlreadyShown": "nothing to write",
}
#: outcomes of requests
REQUESTS: Lines = {
    "RequestsAccepted": "accepted",
    "RequestsDeferred": "deferred (429, no token, no connection)",
    "RequestsUnsure": "unknown outcome",
    "RequestsRefused": "refused",
    "RequestsUnclear": "accepted, details unreadable",
}
#: what needs a person, or may need one
CASES: Lines = {
    "Parked": "events parked",
    "Quarantined": "messages quarantined",
    "BeyondHorizon": "events beyond the horizon",
    "InDoubtReposted": "possible duplicates",
    "DuplicatesFound": "duplicates found",
    "DuplicatesCancelled": "duplicates cancelled",
    "IdentityCollisions": "identity collisions",
    "SameContentOtherTime": "same content, different time",
    "Contradictions": "contradictions",
    "LoopsStopped": "stopped as a loop",
    "Diverged": "diverged",
    "Compensated": "compensated",
    "HoldsExpired": "holds expired",
    "MissingConversations": "conversations with missing events",
}
#: what delays work
WAITING: Lines = {
    "Deferred": "messages deferred",
    "DeadLettered": "messages dead-lettered",
    "Redriven": "dead letters redriven",
    "DeadLettersKept": "dead letters kept: breaker open",
    "DeadLettersCleared": "dead letters already done",
    "Overdue": "overdue",
    "InReview": "in review",
    "InQuarantine": "in quarantine",
    "BreakerOpened": "breaker opened",
    "LedgerSpared": "ledger calls paused",
    "DamagedRecords": "damaged records repaired",
    "Unexpected": "unexpected errors",
}
#: overdue requests, by state
OVERDUE: Lines = {
    "OverdueSealed": "never sent",
    "OverdueOpen": "outcome unknown",
    "OverduePendingEvent": "timer lost",
    "OverdueTimeoutRecovery": "no event from Genesys",
}
#: age of the oldest item, in seconds
OLDEST: Lines = {
    "OldestOverdueSeconds": "overdue",
    "OldestReviewSeconds": "in review",
}
#: what our requests caused
CONFIRMATIONS: Lines = {
    "Confirmed": "confirmed by an event",
    "WindowsExpired": "windows expired",
    "RecoveryQueries": "recovery queries",
    "Reconciled": "reconciled",
    "Resent": "resent",
    "Held": "events held",
    "Released": "events released",
    "SilenceBreakerOpened": "silence",
}
#: the webhook and the cache before the ledger
ENTRANCES: Lines = {
    "WebhookTaken": "webhook: taken",
    "WebhookRefused": "webhook: refused",
    "WebhookSenderUnproven": "webhook: failed authentication",
    "WebhookPutOff": "webhook: deferred",
    "DuplicatesRemembered": "duplicates remembered",
}


def dashboard(
    scope: Construct,
    construct_id: str,
    *,
    environment: str,
    alarms: Mapping[str, cloudwatch.IAlarm],
    pairs: Sequence[DeadLetteredQueue],
    functions: Mapping[str, lambda_.IFunction],
    table: dynamodb.ITable,
    requests_per_minute: int,
) -> cloudwatch.Dashboard:
    """One page that shows every metric of the relay at least once."""
    rows = (
        (_heading("Is it healthy?", "A red alarm names its section of docs/runbook.md."),),
        (
            cloudwatch.AlarmStatusWidget(alarms=list(alarms.values()), width=12, height=HEIGHT),
            _graph("What became of the events", environment, EVENTS, 12),
        ),
        (
            _graph("Answers of Genesys", environment, REQUESTS, 8),
            _graph("For a person", environment, CASES, 8),
            _failures(functions),
        ),
        (
            _graph("Confirmations", environment, CONFIRMATIONS, 12),
            _graph("Entrances", environment, ENTRANCES, 12),
        ),
        (
            _heading(
                "How far behind?",
                ("Nothing is lost for three days; Genesys' rate limit sets the pace."),
            ),
        ),
        (
            _queues("Age of the oldest message (s)", measures.ages(pairs), 8),
            _queues("Messages waiting", measures.depths(pairs), 8),
            _queues("Dead letters", measures.dead_letters(pairs), 8),
        ),
        (
            _pace(environment, requests_per_minute),
            _graph("Waiting and redriven", environment, WAITING, 12),
        ),
        (
            _graph("Overdue records", environment, OVERDUE, 12),
            _graph("Oldest waiting record (s)", environment, OLDEST, 12, statistic="Maximum"),
        ),
        (_heading("What is it costing?", "An estimate: stacks/prices.py, without free tiers."),),
        (_costs(pairs, functions, table, 18), _cost_of_a_day(pairs, functions, table, 6)),
    )
    return cloudwatch.Dashboard(
        scope,
        construct_id,
        widgets=[list(row) for row in rows],
        default_interval=cdk.Duration.hours(12),
    )


def _heading(question: str, hint: str) -> cloudwatch.IWidget:
    return cloudwatch.TextWidget(markdown=f"# {question}\n{hint}", width=WIDTH, height=2)


def _graph(
    title: str, environment: str, lines: Lines, width: int, *, statistic: str = "Sum"
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        width=width,
        height=HEIGHT,
        left=[
            everywhere(environment, metric, label=label, statistic=statistic)
            for metric, label in lines.items()
        ],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )


def _queues(title: str, lines: Mapping[str, cloudwatch.IMetric], width: int) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title=title,
        width=width,
        height=HEIGHT,
        left=list(lines.values()),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )


def _failures(functions: Mapping[str, lambda_.IFunction]) -> cloudwatch.IWidget:
    throttles = [
        function.metric_throttles(period=cdk.Duration.seconds(PERIOD_S), label=f"{verb} throttles")
        for verb, function in functions.items()
    ]
    return cloudwatch.GraphWidget(
        title="Functions that failed",
        width=8,
        height=HEIGHT,
        left=[*measures.errors(functions).values(), *throttles],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )


def _pace(environment: str, requests_per_minute: int) -> cloudwatch.IWidget:
    """Requests a minute, against what Genesys permits."""
    made = [everywhere(environment, metric, label=label) for metric, label in REQUESTS.items()]
    names = {f"r{number}": metric for number, metric in enumerate(made)}
    return cloudwatch.GraphWidget(
        title="Requests per minute, and the limit",
        width=12,
        height=HEIGHT,
        left=[
            cloudwatch.MathExpression(
                expression=f"SUM([{', '.join(names)}]) / {PERIOD_S // 60}",
                label="requests per minute",
                period=cdk.Duration.seconds(PERIOD_S),
                using_metrics=dict(names),
            )
        ],
        left_annotations=[
            cloudwatch.HorizontalAnnotation(value=requests_per_minute, label="Genesys permits")
        ],
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )


def _spending(
    pairs: Sequence[DeadLetteredQueue],
    functions: Mapping[str, lambda_.IFunction],
    table: dynamodb.ITable,
) -> Sequence[cloudwatch.MathExpression]:
    """USD within a period, by service."""
    return (
        _spent("Lambda", _lambda_terms(functions)),
        _spent("DynamoDB", _ledger_terms(table)),
        _spent("SQS", _queue_terms(pairs)),
    )


Terms = Sequence[tuple[float, cloudwatch.IMetric]]


def _spent(service: str, terms: Terms) -> cloudwatch.MathExpression:
    """The sum of price times quantity. Terms of equal price are summed first: otherwise a metric
    without data would leave the whole sum without a result."""
    metrics: dict[str, cloudwatch.IMetric] = {}
    by_price: dict[float, list[str]] = {}
    for number, (price, metric) in enumerate(terms):
        name = f"{service.lower()}{number}"
        metrics[name] = metric
        by_price.setdefault(price, []).append(name)
    parts = [f"{price:.12f}*SUM([{', '.join(names)}])" for price, names in by_price.items()]
    return cloudwatch.MathExpression(
        expression=" + ".join(parts),
        label=service,
        period=cdk.Duration.hours(1),
        using_metrics=metrics,
    )


def _lambda_terms(functions: Mapping[str, lambda_.IFunction]) -> Terms:
    hour = cdk.Duration.hours(1)
    terms: list[tuple[float, cloudwatch.IMetric]] = []
    for verb, function in functions.items():
        gb = MEMORY_GB.get(verb, MEMORY_GB_DEFAULT)
        duration = function.metric_duration(statistic="Sum", period=hour)
        terms.append((gb / 1000 * prices.LAMBDA_GB_SECOND, duration))
        terms.append((prices.LAMBDA_REQUEST, function.metric_invocations(period=hour)))
    return terms


def _ledger_terms(table: dynamodb.ITable) -> Terms:
    return [
        (price, measures.units(table, f"Consumed{kind}CapacityUnits", index=index))
        for index in (None, ATTENTION_INDEX)
        for kind, price in (
            ("Write", prices.DYNAMODB_WRITE_UNIT),
            ("Read", prices.DYNAMODB_READ_UNIT),
        )
    ]


def _queue_terms(pairs: Sequence[DeadLetteredQueue]) -> Terms:
    hour = cdk.Duration.hours(1)
    return [
        (prices.SQS_REQUEST, queue.metric(name, statistic="Sum", period=hour))
        for pair in pairs
        for queue in (pair.queue, pair.dead)
        for name in (
            "NumberOfMessagesSent",
            "NumberOfMessagesReceived",
            "NumberOfMessagesDeleted",
            "NumberOfEmptyReceives",
        )
    ]


def _costs(
    pairs: Sequence[DeadLetteredQueue],
    functions: Mapping[str, lambda_.IFunction],
    table: dynamodb.ITable,
    width: int,
) -> cloudwatch.IWidget:
    return cloudwatch.GraphWidget(
        title="USD per hour, by service",
        width=width,
        height=HEIGHT,
        stacked=True,
        left=list(_spending(pairs, functions, table)),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        period=cdk.Duration.hours(1),
    )


def _cost_of_a_day(
    pairs: Sequence[DeadLetteredQueue],
    functions: Mapping[str, lambda_.IFunction],
    table: dynamodb.ITable,
    width: int,
) -> cloudwatch.IWidget:
    return cloudwatch.SingleValueWidget(
        title="USD in the period shown",
        width=width,
        height=HEIGHT,
        metrics=list(_spending(pairs, functions, table)),
        set_period_to_time_range=True,
    )
