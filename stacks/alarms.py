"""The alarms: few, each about one thing that a person can act on. An alarm's id is the title of
its section in docs/runbook.md; a test checks that the two match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_

from lambdas.relay.kernel.limits import OVERDUE_S, RECONCILE_EVERY_S
from lambdas.relay.kernel.metrics import Metric
from stacks import measures
from stacks.measures import PERIOD_S, counted, joined
from stacks.queues import DeadLetteredQueue

#: two runs of reconcile, which emits its metrics every 15 minutes (seconds)
RECONCILE_PERIOD_S = 1_800
RECONCILE_RUN_S = 900
#: a request must be overdue for this many periods in a row before the alarm goes off: by then
#: reconcile has sent most of them again
OVERDUE_PERIODS = 2
#: the daily audit's metrics hold until its next run (seconds)
AUDIT_PERIOD_S = 86_400
#: scheduled functions have alarms of their own: two bad runs of them are far apart in time
SCHEDULED = ("reconcile", "audit")
#: A queue whose oldest message is older than this is not keeping up. It exceeds every back-off
#: (15 minutes) and the delay that Genesys' rate limit causes at an ordinary peak.
OLDEST_MESSAGE_S_MAX = 3_600


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that goes off when its metric reaches the threshold."""

    name: str
    #: what it means and the first thing to do, one sentence each
    says: str
    metric: cloudwatch.IMetric
    threshold: int = 1
    #: how many of the last periods must be bad
    bad: int = 1
    periods: int = 1

    def description(self, runbook: str) -> str:
        """The text of the notifications, with the address of the alarm's section in the runbook."""
        return f"{self.says} Runbook: {runbook}#{self.name.lower()}"


def alarms(
    *,
    environment: str,
    pairs: Sequence[DeadLetteredQueue],
    rules: Sequence[events.CfnRule],
    functions: Mapping[str, lambda_.IFunction],
) -> tuple[Alarm, ...]:
    """Every alarm of an environment, grouped by subject."""
    return (
        *_of_queues(pairs, rules),
        *_of_functions(environment, functions),
        *(_of_webhook(environment) if "webhook" in functions else ()),
        *(_of_audit(environment, functions["audit"]) if "audit" in functions else ()),
        *_of_requests(environment),
        *_of_effects(environment),
    )


def _of_queues(
    pairs: Sequence[DeadLetteredQueue], rules: Sequence[events.CfnRule]
) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "Undelivered",
            "EventBridge could deliver events neither to the events queue nor to its dead-letter "
            "queue, so they are in the archive only. `relay doctor` says what was changed by hand; "
            "repair it, then replay the archive.",
            joined("SUM", _undelivered(rules), label="events", period_s=PERIOD_S),
        ),
        Alarm(
            "DeadLetters",
            "There are dead letters: `relay dead-letters list` names each with the reason. "
            "Fix the cause, then redrive them to their queue.",
            joined("MAX", measures.dead_letters(pairs), label="letters", period_s=PERIOD_S),
        ),
        Alarm(
            "Backlog",
            "The oldest message of a queue has waited for an hour. Nothing is lost for three days. "
            "`relay status` names the queue, and whether the rate limit or Genesys holds it up.",
            joined("MAX", measures.ages(pairs), label="seconds", period_s=PERIOD_S),
            threshold=OLDEST_MESSAGE_S_MAX,
        ),
    )


def _of_functions(
    environment: str, functions: Mapping[str, lambda_.IFunction]
) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "FunctionFailing",
            "A function crashes, times out, or raises an unexpected error. Read its log.",
            joined(
                "SUM",
                {
                    **measures.errors({v: f for v, f in functions.items() if v not in SCHEDULED}),
                    **_counts(environment, "Unexpected", *_SQS),
                },
                label="errors",
                period_s=PERIOD_S,
            ),
            bad=2,
            periods=3,
        ),
        Alarm(
            "ReconcileFailing",
            "reconcile has crashed or raised an unexpected error three times in a row, so "
            "dead letters and overdue requests wait. Read its log.",
            joined(
                "SUM",
                {
                    **measures.errors({"reconcile": functions["reconcile"]}),
                    **_counts(environment, "Unexpected", "reconcile"),
                },
                label="errors",
                period_s=RECONCILE_RUN_S,
            ),
            bad=3,
            periods=3,
        ),
    )


def _of_webhook(environment: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "WebhookPuttingOff",
            "For ten minutes the webhook's function has answered 429 or 503: these events may not "
            "be queued, and their senders must send them again. Read its log.",
            joined(
                "SUM",
                _counts(environment, "WebhookPutOff", "webhook"),
                label="answers",
                period_s=PERIOD_S,
            ),
            bad=2,
            periods=2,
        ),
        Alarm(
            "WebhookSenderUnproven",
            "For 15 minutes, requests in the name of a sender that has a key have failed "
            "authentication: its key or clock is wrong, or somebody else uses its name. The log "
            "of Webhook names it.",
            joined(
                "SUM",
                _counts(environment, "WebhookSenderUnproven", "webhook"),
                label="refusals",
                period_s=PERIOD_S,
            ),
            bad=3,
            periods=3,
        ),
    )


def _of_audit(environment: str, function: lambda_.IFunction) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "MissingConversations",
            "Genesys has conversations on record whose events never arrived. `relay audit` lists "
            "them with their times and the probable cause.",
            joined(
                "MAX",
                _counts(environment, "MissingConversations", "audit", statistic="Maximum"),
                label="conversations",
                period_s=AUDIT_PERIOD_S,
            ),
        ),
        Alarm(
            "AuditFailing",
            "The daily audit did not finish, so it is unknown whether events are missing. "
            "The log of Audit says why; `relay audit` can be run instead.",
            joined(
                "SUM",
                measures.errors({"audit": function}),
                label="errors",
                period_s=AUDIT_PERIOD_S,
            ),
        ),
    )


def _of_requests(environment: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "GenesysFailing",
            "For ten minutes no request was accepted and some failed: Genesys is down, or does not "
            "accept our credentials. Events wait in the queues. Run `relay doctor`.",
            _failing(environment),
            bad=2,
            periods=2,
        ),
        Alarm(
            "WaitingForPerson",
            "Requests were refused or need a decision, or messages are unreadable: `relay review "
            "list` names them.",
            joined(
                "MAX",
                {
                    **_counts(environment, "InReview", "reconcile", statistic="Maximum"),
                    **_counts(environment, "InQuarantine", "reconcile", statistic="Maximum"),
                    **_counts(environment, "Quarantined", *_SQS),
                },
                label="cases",
                period_s=RECONCILE_PERIOD_S,
            ),
        ),
        Alarm(
            "Overdue",
            "Requests have not finished in time, and reconcile cannot finish them. "
            "`relay status` names each, the oldest first; trace one of them.",
            joined(
                "MAX",
                _counts(environment, "Overdue", "reconcile", statistic="Maximum"),
                label="requests",
                period_s=RECONCILE_PERIOD_S,
            ),
            bad=OVERDUE_PERIODS,
            periods=OVERDUE_PERIODS,
        ),
    )


def _of_effects(environment: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            "PossibleDuplicates",
            "A request was sent again although its outcome is unknown, or although Genesys had "
            "accepted it but does not find it; or an effect is in Genesys twice. "
            "The log of Write and `relay review list` name each; merge or cancel in Genesys.",
            joined(
                "SUM",
                {
                    **_counts(environment, "InDoubtReposted", "write"),
                    **_counts(environment, "Resent", "reconcile"),
                    **_counts(environment, "DuplicatesFound", "write", "confirm", "reconcile"),
                },
                label="requests",
                period_s=PERIOD_S,
            ),
        ),
        Alarm(
            "ConfirmationsSilent",
            "Most requests get no confirming event. Run `relay doctor`, and "
            "check the partner event source in Genesys Cloud.",
            joined(
                "SUM",
                _counts(environment, "SilenceBreakerOpened", "confirm"),
                label="times",
                period_s=PERIOD_S,
            ),
        ),
        Alarm(
            "Loop",
            "One conversation's events cause writes that cause such events in turn. The writes "
            "are stopped: `relay review list` names them. Fix the route.",
            joined(
                "SUM",
                _counts(environment, "LoopsStopped", "dedup"),
                label="writes",
                period_s=PERIOD_S,
            ),
        ),
        Alarm(
            "Contradictions",
            "Two events share an identity, or an event contradicts the request it names. Both "
            "sides were kept: the log of Dedup and `relay review list` name them.",
            joined(
                "SUM",
                {
                    **_counts(environment, "IdentityCollisions", "dedup"),
                    **_counts(environment, "Contradictions", "confirm"),
                    **_counts(environment, "Diverged", "confirm", "reconcile"),
                },
                label="events",
                period_s=PERIOD_S,
            ),
        ),
    )


def overdue_heard_after_s() -> int:
    """The longest time from a request's last activity to the alarm *Overdue*: the request becomes
    overdue, reconcile's next run counts it, and the alarm's periods pass (seconds)."""
    return OVERDUE_S + RECONCILE_EVERY_S + OVERDUE_PERIODS * RECONCILE_PERIOD_S


#: the functions that SQS invokes
_SQS = ("intake", "dedup", "write", "confirm")


def _counts(
    environment: str, metric: Metric, *services: str, statistic: str = "Sum"
) -> Mapping[str, cloudwatch.IMetric]:
    return {
        f"{service}_{metric.lower()}": counted(environment, service, metric, statistic=statistic)
        for service in services
    }


def _undelivered(rules: Sequence[events.CfnRule]) -> Mapping[str, cloudwatch.IMetric]:
    return {
        f"rule{number}": cloudwatch.Metric(
            namespace="AWS/Events",
            metric_name="InvocationsFailedToBeSentToDlq",
            dimensions_map={
                "EventBusName": rule.event_bus_name or "default",
                "RuleName": rule.attr_rule_name,
            },
            period=cdk.Duration.seconds(PERIOD_S),
            statistic="Sum",
        )
        for number, rule in enumerate(rules)
    }


def _failing(environment: str) -> cloudwatch.MathExpression:
    """Requests that failed while none was accepted. A metric without data points would leave the
    comparison without a result; SUM ignores it."""
    failed: tuple[Metric, ...] = ("RequestsDeferred", "RequestsUnsure", "BreakerOpened")
    names = {metric: f"write_{metric.lower()}" for metric in (*failed, "RequestsAccepted")}
    bad = f"SUM([{', '.join(names[metric] for metric in failed)}])"
    every = f"SUM([{', '.join(names.values())}])"
    metrics: tuple[Metric, ...] = (*failed, "RequestsAccepted")
    return cloudwatch.MathExpression(
        expression=f"IF({every} == {bad}, {bad}, 0)",
        label="requests",
        period=cdk.Duration.seconds(PERIOD_S),
        using_metrics={names[m]: counted(environment, "write", m) for m in metrics},
    )
