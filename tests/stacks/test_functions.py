"""Five functions, one asset, and how their queues feed them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import aws_lambda as lambda_

from lambdas.relay.kernel import limits
from stacks.function import RUNTIME
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.event_pattern import matches
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, Template, only, readable, resources
from tests.unit.test_alert import changed

FUNCTION = "AWS::Lambda::Function"
VERBS = ("intake", "dedup", "write", "confirm", "reconcile")

QUEUES = ("EVENTS", "BATCHES", "WRITES", "CHECKS")
EVERYONE = {
    "RELAY_ENVIRONMENT",
    "TIMING",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
    "VAULT_BUCKET",
}
GENESYS = {
    "GENESYS_SECRET_ID",
    "GENESYS_API_URL",
    "GENESYS_LOGIN_URL",
    "REQUESTS_PER_MINUTE",
    "HEADROOM",
}
OWN = {
    "intake": {
        "EVENTS_QUEUE_URL",
        "EVENTS_DEAD_QUEUE_URL",
        "EVENTS_RECEIVES_MAX",
        "BATCHES_QUEUE_URL",
        "PERSONAL_KEY_ID",
    },
    "dedup": {
        "LEDGER_TABLE",
        "BATCHES_QUEUE_URL",
        "BATCHES_DEAD_QUEUE_URL",
        "BATCHES_RECEIVES_MAX",
        "WRITES_QUEUE_URL",
        "CHECKS_QUEUE_URL",
    },
    "write": {
        "LEDGER_TABLE",
        "WRITES_QUEUE_URL",
        "WRITES_DEAD_QUEUE_URL",
        "WRITES_RECEIVES_MAX",
        "CHECKS_QUEUE_URL",
    }
    | GENESYS,
    "confirm": {
        "LEDGER_TABLE",
        "CHECKS_QUEUE_URL",
        "CHECKS_DEAD_QUEUE_URL",
        "CHECKS_RECEIVES_MAX",
        "WRITES_QUEUE_URL",
    }
    | GENESYS,
    "reconcile": {
        "LEDGER_TABLE",
        *(f"{queue}_QUEUE_URL" for queue in QUEUES),
        *(f"{queue}_DEAD_QUEUE_URL" for queue in QUEUES),
    }
    | GENESYS,
}


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def properties_of(template: Template, verb: str) -> dict[str, Any]:
    function: dict[str, Any] = resources(template, FUNCTION)[f"{verb.capitalize()}Function"]
    return function["Properties"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_runs_its_verb_with_tracing_and_logs_that_expire(
    template: Template, verb: str
) -> None:
    function = properties_of(template, verb)
    log_group = readable(function["LoggingConfig"]["LogGroup"]).strip("<>")

    assert function["Handler"] == f"lambdas.{verb}.handler"
    assert function["Timeout"] == limits.LIVE.function_timeout_s[verb]
    assert function["MemorySize"] == (512 if verb == "intake" else 256)
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["Architectures"] == ["arm64"]
    assert "ReservedConcurrentExecutions" not in function
    logs = resources(template, "AWS::Logs::LogGroup")[log_group]["Properties"]
    assert logs["RetentionInDays"] == 30


@pytest.mark.parametrize("verb", VERBS)
def test_a_function_gets_the_variables_it_needs_and_no_more(template: Template, verb: str) -> None:
    variables = properties_of(template, verb)["Environment"]["Variables"]

    assert set(variables) == EVERYONE | OWN[verb]
    assert variables["POWERTOOLS_SERVICE_NAME"] == verb
    assert variables["RELAY_ENVIRONMENT"] == "production"
    assert variables["TIMING"] == "live"


def test_only_the_function_whose_loop_has_a_bound_of_its_own_may_send_to_itself(
    template: Template,
) -> None:
    """Lambda stops all others after 16 hops: none of their messages goes that far."""
    allowed = {
        name
        for name, function in resources(template, FUNCTION).items()
        if function["Properties"].get("RecursiveLoop") == "Allow"
    }

    assert allowed == {"ConfirmFunction"}
    assert limits.STRETCHES_MAX > limits.LAMBDA_LOOP_HOPS_MAX
    # A request, its parts and theirs, and what confirm sends again; a batch, and what it is merged
    # into. What reconcile redrives begins a chain of its own: it was polled, and has its own trace.
    write = 1 + limits.SPLIT_DEPTH_MAX + limits.RESENDS_MAX
    dedup = 1 + limits.CONSOLIDATIONS_MAX
    assert max(write, dedup) < limits.LAMBDA_LOOP_HOPS_MAX


def test_reconcile_knows_every_queue_with_its_dead_letters(template: Template) -> None:
    variables = properties_of(template, "reconcile")["Environment"]["Variables"]

    for queue in QUEUES:
        assert readable(variables[f"{queue}_QUEUE_URL"]) == f"<Queues{queue.capitalize()}Queue>"
        assert readable(variables[f"{queue}_DEAD_QUEUE_URL"]) == f"<Queues{queue.capitalize()}Dead>"


def test_the_functions_share_one_asset(production: Synthesised) -> None:
    for template in production.templates.values():
        code = {json.dumps(f["Properties"]["Code"]) for f in resources(template, FUNCTION).values()}
        assert len(code) == 1


def test_the_runtime_is_the_newest_python_of_the_library() -> None:
    versions = [
        int(name.removeprefix("PYTHON_3_"))
        for name in dir(lambda_.Runtime)
        if name.startswith("PYTHON_3_")
    ]

    assert RUNTIME.name == f"python3.{max(versions)}"


@pytest.mark.parametrize(
    ("verb", "queue", "batch_size", "window_s", "concurrency"),
    [
        ("Intake", "Events", 500, 9, 2),
        ("Dedup", "Batches", 10, 0, 5),
        ("Write", "Writes", 1, 0, 3),
        ("Confirm", "Checks", 10, 0, 2),
    ],
)
def test_a_queue_feeds_its_function_and_learns_which_messages_failed(
    template: Template, verb: str, queue: str, batch_size: int, window_s: int, concurrency: int
) -> None:
    mappings = [
        readable(mapping["Properties"])
        for mapping in resources(template, "AWS::Lambda::EventSourceMapping").values()
    ]

    assert {
        "FunctionName": f"<{verb}Function>",
        "EventSourceArn": f"<Queues{queue}Queue>",
        "BatchSize": batch_size,
        "MaximumBatchingWindowInSeconds": window_s,
        "ScalingConfig": {"MaximumConcurrency": concurrency},
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    } in mappings


def test_reconcile_runs_every_15_minutes_and_never_overlaps_with_a_retry(
    template: Template,
) -> None:
    assert schedules(template)["<ReconcileFunction>"] == "rate(15 minutes)"
    assert retries(template)["<ReconcileFunction>"] == (0, 900)
    assert deliveries(template)["<ReconcileFunction>"] == ONCE


#: of a rule's target: EventBridge does not repeat a call
ONCE = {"MaximumRetryAttempts": 0}


def deliveries(template: Template) -> dict[str, Any]:
    """How rules call functions, by the function."""
    return {
        readable(target["Arn"]): target.get("RetryPolicy")
        for rule in resources(template, "AWS::Events::Rule").values()
        for target in rule["Properties"]["Targets"]
    }


def schedules(template: Template) -> dict[str, str]:
    """By the function that they call."""
    return {
        readable(target["Arn"]): rule["Properties"]["ScheduleExpression"]
        for rule in resources(template, "AWS::Events::Rule").values()
        if "ScheduleExpression" in rule["Properties"]
        for target in rule["Properties"]["Targets"]
    }


def retries(template: Template) -> dict[str, tuple[int, int]]:
    """How often Lambda repeats a failed run and for how many seconds, by the function."""
    configs = [
        one["Properties"] for one in resources(template, "AWS::Lambda::EventInvokeConfig").values()
    ]
    return {
        readable(one["FunctionName"]): (
            one["MaximumRetryAttempts"],
            one["MaximumEventAgeInSeconds"],
        )
        for one in configs
    }


def test_the_audit_runs_daily_if_configured_and_gets_what_it_needs(
    production: Synthesised,
) -> None:
    wanted, unwanted = (production.templates[name] for name in ("production", "staging"))
    function = properties_of(wanted, "audit")

    assert schedules(wanted)["<AuditFunction>"] == "cron(0 3 * * ? *)"
    assert retries(wanted)["<AuditFunction>"] == (0, 3_600)
    assert deliveries(wanted)["<AuditFunction>"] == ONCE
    assert function["MemorySize"] == 1_024
    assert function["Handler"] == "lambdas.audit.handler"
    assert function["Timeout"] == limits.LIVE.function_timeout_s["audit"] <= 900
    assert set(function["Environment"]["Variables"]) == (
        EVERYONE - {"VAULT_BUCKET"} | {"LEDGER_TABLE", "AUDIT_HOURS"} | GENESYS
    )
    assert "VpcConfig" in function
    assert readable(wanted["Outputs"]["AuditFunctionName"]["Value"]) == "<AuditFunction>"
    assert set(schedules(unwanted)) == {"<ReconcileFunction>"}


def test_alert_hears_of_each_change_of_the_alarms_of_its_stack_and_of_no_other(
    production: Synthesised,
) -> None:
    template = production.templates["staging"]
    rule = resources(template, "AWS::Events::Rule")["AlertAlarmChanges"]["Properties"]
    pattern = rule["EventPattern"]

    def is_heard(name: str, state: str = "ALARM") -> bool:
        event = changed("Overdue", state)
        event["detail"]["alarmName"] = name
        return matches(pattern, event)

    for alarm in resources(template, "AWS::CloudWatch::Alarm"):
        physical = f"genesys-relay-staging-{alarm}1A2B3C4D-Zx8PpQ1"
        assert is_heard(physical)
        assert is_heard(physical, "OK")
        assert not is_heard(physical, "INSUFFICIENT_DATA")
        assert not is_heard(physical.replace("staging", "staging-eu"))
    assert pattern["account"] == ["123456789012"]
    assert [readable(target["Arn"]) for target in rule["Targets"]] == ["<AlertFunction>"]


def test_what_alert_cannot_do_in_three_tries_reaches_its_topic_as_it_is(template: Template) -> None:
    (config,) = [
        readable(one["Properties"])
        for one in resources(template, "AWS::Lambda::EventInvokeConfig").values()
        if readable(one["Properties"]["FunctionName"]) == "<AlertFunction>"
    ]

    assert retries(template)["<AlertFunction>"] == (2, 3_600)
    hour = {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 185}
    assert deliveries(template)["<AlertFunction>"] == hour
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": "<AlertTopic>"}}
    function = properties_of(template, "alert")
    assert set(function["Environment"]["Variables"]) == (
        EVERYONE | {"LEDGER_TABLE", "ALARM_DETAILS_TOPIC"}
    )
    assert "VpcConfig" not in function
    assert readable(template["Outputs"]["AlarmDetailsTopicArn"]["Value"]) == "<AlertTopic>"


def test_the_hour_and_the_period_of_the_audit_are_configured(tmp_path: Path) -> None:
    said = environment_text(rest=DESTINATIONS_AND_ROUTES + "[audit]\nat = 22\nhours = 72\n")
    template = synthesise(tmp_path, own=said).templates["own"]

    assert schedules(template)["<AuditFunction>"] == "cron(0 22 * * ? *)"
    variables = properties_of(template, "audit")["Environment"]["Variables"]
    assert variables["AUDIT_HOURS"] == "72"


def test_only_functions_that_call_genesys_use_the_fixed_address(
    production: Synthesised,
) -> None:
    fixed, free = (production.templates[name] for name in ("production", "staging"))

    inside = {verb for verb in VERBS if "VpcConfig" in properties_of(fixed, verb)}
    assert inside == {"write", "confirm", "reconcile"}
    assert readable(fixed["Outputs"]["EgressAddress"]["Value"]) == "<NetworkAddress>"
    assert only(fixed, "AWS::EC2::EIP")["DeletionPolicy"] == "RetainExceptOnCreate"
    assert readable(only(fixed, "AWS::EC2::NatGateway")["Properties"]["AllocationId"]) == (
        "<NetworkAddress>"
    )
    kinds = {resource["Type"] for resource in free["Resources"].values()}
    assert not any(kind.startswith("AWS::EC2") for kind in kinds)


def test_limits_that_contradict_each_other_stop_the_synthesis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = replace(limits.LIVE, visibility_s={**limits.LIVE.visibility_s, "batches": 60})
    monkeypatch.setattr(limits, "TIMINGS", {"live": impatient})

    with pytest.raises(ValueError, match="visibility of batches >= 6 x timeout of dedup"):
        synthesise(tmp_path, impatient=environment_text())
