"""What belongs together matches: each side is read from its own source, independently of the other.
An alarm, its metric and who counts it; a variable, its reader and what it points at; a queue, its
dead letters and its receives; an index and its query."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.ledger import DynamoLedger
from lambdas.adapters.telemetry import PowertoolsTelemetry
from tests.stacks.reading import METRICS, constants_of, counted_by
from tests.stacks.synthesised import Synthesised, Template, only, readable, resources

QUEUES = ("events", "batches", "writes", "checks")
#: who takes what
FEEDS = {"events": "intake", "batches": "dedup", "writes": "write", "checks": "confirm"}
VERBS = ("intake", "dedup", "write", "confirm", "reconcile", "webhook", "audit", "alert")
ALARM = "AWS::CloudWatch::Alarm"
FUNCTION = "AWS::Lambda::Function"

#: read by Powertools itself
POWERTOOLS = "POWERTOOLS_"

#: what a scheduled function measures at each run, not how often something happened: never added up
LEVELS = frozenset(
    {
        "Overdue",
        "InReview",
        "InQuarantine",
        "OldestOverdueSeconds",
        "OldestReviewSeconds",
        "MissingConversations",
    }
)


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


# --- alarm, metric, who counts it


def watched(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Each metric that an alarm looks at, with its statistic."""
    rows = [row["MetricStat"] for row in alarm.get("Metrics", []) if "MetricStat" in row]
    if not rows:
        rows = [{"Metric": alarm, "Stat": alarm["Statistic"]}]
    return [
        {
            "namespace": row["Metric"]["Namespace"],
            "metric": row["Metric"]["MetricName"],
            "stat": row["Stat"],
            "dimensions": {
                dimension["Name"]: readable(dimension["Value"])
                for dimension in row["Metric"].get("Dimensions", [])
            },
        }
        for row in rows
    ]


def alarms_of(template: Template) -> dict[str, dict[str, Any]]:
    return {
        name.removeprefix("Monitoring"): resource["Properties"]
        for name, resource in resources(template, ALARM).items()
    }


def ours(template: Template) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, row)
        for name, alarm in alarms_of(template).items()
        for row in watched(alarm)
        if row["namespace"] == "GenesysRelay"
    ]


def test_an_alarm_looks_wherever_its_metric_is_counted_and_nowhere_else(template: Template) -> None:
    looked: dict[str, set[str]] = {}
    for _, row in ours(template):
        looked.setdefault(row["metric"], set()).add(row["dimensions"]["service"])

    assert looked
    for metric, services in looked.items():
        assert services == {verb for verb in VERBS if metric in counted_by(verb)}, metric


def test_every_metric_is_counted_by_somebody() -> None:
    assert frozenset().union(*map(counted_by, VERBS)) == METRICS


def test_alarms_and_dashboard_ask_for_metrics_as_the_functions_write_them(
    template: Template,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    variables = resources(template, FUNCTION)["WriteFunction"]["Properties"]["Environment"]
    told = variables["Variables"]
    for name, value in told.items():
        if name.startswith(POWERTOOLS):
            monkeypatch.setenv(name, value)
    telemetry = PowertoolsTelemetry(told["RELAY_ENVIRONMENT"])
    telemetry.count("Delivered")
    telemetry.flush()
    written = json.loads(capsys.readouterr().out)
    (directive,) = written["_aws"]["CloudWatchMetrics"]
    (names,) = directive["Dimensions"]

    for _, row in ours(template):
        assert row["namespace"] == directive["Namespace"]
        assert set(row["dimensions"]) == set(names)
        assert row["dimensions"]["environment"] == written["environment"]
    body = readable(only(template, "AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"])
    schema = ",".join([directive["Namespace"], *sorted(names)])
    for metric in METRICS:
        assert f'{{{schema}}} MetricName=\\"{metric}\\"' in body.replace('\\\\"', '\\"')


def test_counts_are_added_up_and_levels_are_not(template: Template) -> None:
    for name, row in ours(template):
        expected = "Maximum" if row["metric"] in LEVELS else "Sum"
        assert row["stat"] == expected, (name, row["metric"])


def test_alarms_look_at_aws_metrics_of_the_right_things(template: Template) -> None:
    found = {
        (name, row["metric"], row["stat"], *row["dimensions"].values())
        for name, alarm in alarms_of(template).items()
        for row in watched(alarm)
        if row["namespace"] != "GenesysRelay"
    }
    titles = [name.capitalize() for name in QUEUES]
    functions = [f"<{verb.capitalize()}Function>" for verb in (*VERBS[:4], "webhook", "alert")]

    assert found == {
        *(("DeadLetters", "ApproximateNumberOfMessagesVisible", "Maximum", f"<Queues{t}Dead>")
          for t in titles),
        *(("Backlog", "ApproximateAgeOfOldestMessage", "Maximum", f"<Queues{t}Queue>")
          for t in titles),
        *(("FunctionFailing", "Errors", "Sum", function) for function in functions),
        ("AuditFailing", "Errors", "Sum", "<AuditFunction>"),
        ("ReconcileFailing", "Errors", "Sum", "<ReconcileFunction>"),
        *(("Undelivered", "InvocationsFailedToBeSentToDlq", "Sum", f"<Buses{bus}>",
           f"<Buses{bus}Rule>") for bus in ("Partner", "Relay")),
    }  # fmt: skip


def test_silence_is_no_alarm_and_every_alarm_rings_from_its_threshold_on(
    template: Template,
) -> None:
    """SQS says nothing about idle queues, and functions say nothing about what did not happen."""
    for alarm in alarms_of(template).values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


# --- variable, reader, target


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_reads_each_of_its_variables(template: Template, verb: str) -> None:
    variables = _variables(template, verb)
    mentioned = constants_of(verb)
    read = set(mentioned)
    for queue in mentioned & set(QUEUES):
        ends = mentioned & {"_QUEUE_URL", "_RECEIVES_MAX"}
        read |= {f"{queue.upper()}{end}" for end in ends}
        if "-dead" in mentioned:
            read.add(f"{queue.upper()}_DEAD_QUEUE_URL")

    assert {name for name in variables if not name.startswith(POWERTOOLS)} <= read


@pytest.mark.parametrize("verb", VERBS)
def test_a_variable_points_at_what_it_is_called(template: Template, verb: str) -> None:
    target = {
        "LEDGER_TABLE": "<LedgerTable>",
        "VAULT_BUCKET": "<VaultBucket>",
        "GENESYS_SECRET_ID": "<CredentialsSecret>",
        "WEBHOOK_SECRET_ID": "<WebhookKeys>",
        "PERSONAL_KEY_ID": "<PersonalKeySecret>",
        "ALARM_DETAILS_TOPIC": "<AlertTopic>",
        "POWERTOOLS_SERVICE_NAME": verb,
    }
    for queue in QUEUES:
        title = queue.capitalize()
        source = resources(template, "AWS::SQS::Queue")[f"Queues{title}Queue"]["Properties"]
        target[f"{queue.upper()}_QUEUE_URL"] = f"<Queues{title}Queue>"
        target[f"{queue.upper()}_DEAD_QUEUE_URL"] = f"<Queues{title}Dead>"
        target[f"{queue.upper()}_RECEIVES_MAX"] = str(source["RedrivePolicy"]["maxReceiveCount"])
    variables = _variables(template, verb)

    pointing = {
        name: readable(value)
        for name, value in variables.items()
        if name in target or name.endswith(("_URL", "_MAX", "_TABLE", "_BUCKET", "_TOPIC", "_ID"))
    }
    assert pointing
    for name, value in pointing.items():
        if not name.startswith("GENESYS_") or name == "GENESYS_SECRET_ID":
            assert value == target[name], name


def _variables(template: Template, verb: str) -> dict[str, Any]:
    function = resources(template, FUNCTION)[f"{verb.capitalize()}Function"]["Properties"]
    variables: dict[str, Any] = function["Environment"]["Variables"]
    return variables


# --- queue, dead letters, receives


@pytest.mark.parametrize("queue", QUEUES)
def test_a_function_knows_the_dead_letters_and_receives_of_the_queue_that_feeds_it(
    template: Template, queue: str
) -> None:
    title = queue.capitalize()
    feeding = {
        readable(mapping["Properties"]["FunctionName"])
        for mapping in resources(template, "AWS::Lambda::EventSourceMapping").values()
        if readable(mapping["Properties"]["EventSourceArn"]) == f"<Queues{title}Queue>"
    }

    def told(variable: str) -> set[str]:
        return {verb for verb in VERBS if variable in _variables(template, verb)}

    assert feeding == {f"<{FEEDS[queue].capitalize()}Function>"}
    assert told(f"{queue.upper()}_RECEIVES_MAX") == {FEEDS[queue]}
    assert told(f"{queue.upper()}_DEAD_QUEUE_URL") == {FEEDS[queue], "reconcile"}


def test_nobody_else_sees_a_dead_letter_while_reconcile_may_work_on_it(template: Template) -> None:
    run_s = resources(template, FUNCTION)["ReconcileFunction"]["Properties"]["Timeout"]

    for name, queue in resources(template, "AWS::SQS::Queue").items():
        if name.endswith("Dead"):
            assert queue["Properties"]["VisibilityTimeout"] > run_s


def test_an_archive_holds_whatever_its_source_sends(template: Template) -> None:
    archives = resources(template, "AWS::Events::Archive")
    rules = resources(template, "AWS::Events::Rule")

    for bus in ("Partner", "Relay"):
        wanted = rules[f"Buses{bus}Rule"]["Properties"]["EventPattern"]
        kept = archives[f"Buses{bus}Archive"]["Properties"]["EventPattern"]
        assert kept == {name: value for name, value in wanted.items() if name != "detail-type"}


# --- index, query


def test_the_ledger_finds_in_its_index_what_it_wrote(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template's table, under the functions' adapter."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    table = only(template, "AWS::DynamoDB::Table")["Properties"]
    made = {
        name: table[name]
        for name in (
            "AttributeDefinitions", "BillingMode", "GlobalSecondaryIndexes", "KeySchema"
        )
    }  # fmt: skip
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        client.create_table(TableName="ledger", **made)
        ledger = DynamoLedger(client, "ledger")
        for due_s in (9, 10, 11):
            item = {"pk": f"r{due_s}", "sk": "request", "attention": "OVERDUE", "due_at": due_s}
            ledger.insert([item])

        assert ledger.due("OVERDUE", 10, 100) == [("r9", "request"), ("r10", "request")]
