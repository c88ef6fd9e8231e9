"""The doctor's checks: each examines one thing and says what to do about it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from lambdas.adapters.ledger import ATTENTION_INDEX
from lambdas.relay.destinations import journey
from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.limits import LIVE, QUEUES
from lambdas.relay.kernel.reasons import CREDENTIALS_ADVICE
from ops import concurrency, deployed, drift, key, personal, setup_journey
from ops.connection import Relay
from ops.errors import OpsError
from ops.genesys_probe import (
    HARMLESS,
    KEPT_OUT,
    NoToken,
    NoVerdict,
    Probe,
    allowed_per_minute,
    date_of,
    is_busy,
)
from ops.permissions import permissions
from ops.signing import signing_keys

Result = Literal["ok", "wrong", "unknown"]

#: those that a queue invokes, and those that only some stacks have
FED = ("Intake", "Dedup", "Write", "Confirm")
OPTIONAL = ("Webhook", "Audit", "Alert")
#: what the stack's secret holds until a person fills it in (stacks/credentials.py)
PLACEHOLDER = "not-set"
HEALTHY_STACK = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
DRIFT_LISTED_MAX = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check, with the remedy if something is wrong."""

    name: str
    result: Result
    says: str


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    #: returns what is in order; raises OpsError with the problem and the remedy
    look: Callable[[Relay], str]

    def examine(self, relay: Relay) -> Finding:
        try:
            return Finding(self.name, "ok", self.look(relay))
        except NoToken:
            return Finding(self.name, "unknown", "cannot be checked without a token")
        except NoVerdict as no_verdict:
            return Finding(self.name, "unknown", str(no_verdict))
        except OpsError as wrong:
            return Finding(self.name, "wrong", str(wrong))


def _stack(relay: Relay) -> str:
    state = str(relay.described["StackStatus"])
    if state not in HEALTHY_STACK:
        raise OpsError(f"It is {state}: see its events in CloudFormation, then deploy again.")
    return f"{relay.stack} is {state}"


def _functions(relay: Relay) -> str:
    optional = [verb for verb in OPTIONAL if f"{verb}FunctionName" in relay.outputs]
    verbs = (*FED, "Reconcile", *optional)
    for verb in verbs:
        found: Any = relay.functions.get_function(FunctionName=relay.output(f"{verb}FunctionName"))
        made = found["Configuration"]
        if made.get("State", "Active") != "Active":
            raise OpsError(f"{verb} is {made['State']}: {made.get('StateReason', 'deploy again')}")
        most = found.get("Concurrency", {}).get("ReservedConcurrentExecutions")
        if most is not None:
            # The template does not set it, so a deploy would not change it back.
            raise OpsError(
                f"{verb} may run only {most} times at once, which somebody has set by hand "
                "(Throttle): Lambda console, Configuration, Concurrency, Edit, Use unreserved "
                "account concurrency."
            )
    for verb in FED:
        alias = relay.outputs.get("FunctionAlias")
        name = relay.output(f"{verb}FunctionName")
        mappings = relay.functions.list_event_source_mappings(
            FunctionName=f"{name}:{alias}" if alias else name
        )["EventSourceMappings"]
        queues = [name for name in relay.queues if QUEUES[without_lane(name)] == verb.lower()]
        if [row["State"] for row in mappings] != ["Enabled"] * len(queues):
            states = ", ".join(row["State"] for row in mappings) or "missing"
            raise OpsError(
                f"The queue of {verb} is not connected to it ({states}): enable its trigger in the "
                "Lambda console, or deploy again."
            )
    return f"{len(verbs)} active, connected to their {len(relay.queues)} queues"


def _partner_source(relay: Relay) -> str:
    name = relay.output("PartnerBusName")
    bus = relay.events.describe_event_bus(Name=name)
    if relay.is_embedded:
        return f"bus {bus['Name']} (embedded: partner sources are simulated)"
    found = relay.events.describe_event_source(Name=name)
    if found.get("State") != "ACTIVE":
        raise OpsError(
            f"The partner event source {name} is {found.get('State')}: activate the Amazon "
            "EventBridge integration in Genesys Cloud Admin. If the source was deleted there, "
            "create a new integration and put the new name into the environment file."
        )
    return f"{name} is active and associated with its bus"


def _drift(relay: Relay) -> str:
    found = list(drift.differences(relay))
    if found:
        more = (
            f"; and {len(found) - DRIFT_LISTED_MAX} more" if len(found) > DRIFT_LISTED_MAX else ""
        )
        raise OpsError(
            f"Changed since the last deploy: {'; '.join(found[:DRIFT_LISTED_MAX])}{more}. "
            f"{_deploy_again(relay)}"
        )
    return "queues, policies, rules, triggers, table and alarms are as they were deployed"


def _ledger(relay: Relay) -> str:
    """A restored table has neither TTL nor recovery enabled, and is in no template."""
    name = relay.output("LedgerTableName")
    table: Any = relay.dynamodb.describe_table(TableName=name)["Table"]
    live: Any = relay.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups: Any = relay.dynamodb.describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    if ATTENTION_INDEX not in [row["IndexName"] for row in table.get("GlobalSecondaryIndexes", ())]:
        raise OpsError(
            f"The table {name} has no index {ATTENTION_INDEX}: restore it again, with its indexes "
            "(runbook: Restore the ledger)."
        )
    lacks = []
    if not str(live.get("TimeToLiveStatus")).startswith("ENABL"):
        lacks.append(
            f"aws dynamodb update-time-to-live --table-name {name} "
            "--time-to-live-specification Enabled=true,AttributeName=expires_at"
        )
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        lacks.append(
            f"aws dynamodb update-continuous-backups --table-name {name} "
            "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        )
    if lacks:
        raise OpsError(
            f"The table {name} lacks expiry or point-in-time recovery. Run: {'; '.join(lacks)}"
        )
    return f"{name} has expiry and point-in-time recovery"


def _deploy_again(relay: Relay) -> str:
    environment = relay.stack.removeprefix("genesys-relay-")
    return f"`make deploy ENVIRONMENT={environment}` restores it."


def _rules(relay: Relay) -> str:
    """The stack's own rules, by name; other rules on these buses belong to others."""
    queue = _arn(relay, relay.line("events").url)
    for end, output in (("partner", "PartnerBusName"), ("relay", "RelayBusName")):
        bus, name = relay.output(output), f"{relay.stack}-{end}"
        try:
            rule = relay.events.describe_rule(Name=name, EventBusName=bus)
        except relay.events.exceptions.ResourceNotFoundException:
            raise OpsError(
                f"The rule {name} on the bus {bus} is gone. {_deploy_again(relay)}"
            ) from None
        _rule(relay, bus, rule, queue)
    return "the rules of both buses are enabled, match, and lead to the events queue"


def _rule(relay: Relay, bus: str, rule: Any, queue: str) -> None:
    if rule["State"] != "ENABLED":
        raise OpsError(
            f"The rule {rule['Name']} is disabled: enable it in the EventBridge console, or deploy "
            "again."
        )
    targets = relay.events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
    if [target["Arn"] for target in targets] != [queue]:
        raise OpsError(f"The rule {rule['Name']} does not lead to the events queue: deploy again.")
    if "DeadLetterConfig" not in targets[0]:
        raise OpsError(f"The rule {rule['Name']} has no dead-letter queue: deploy again.")
    for event in _samples(json.loads(rule["EventPattern"]), bus, queue.split(":")[4]):
        matched = relay.events.test_event_pattern(
            EventPattern=rule["EventPattern"], Event=json.dumps(event)
        )["Result"]
        if not matched:
            raise OpsError(
                f"The rule {rule['Name']} does not match a sample {event['detail-type']} from its "
                "own source: check partner_event_source and account in the environment file, then "
                "deploy again."
            )


def _samples(pattern: dict[str, Any], bus: str, account: str) -> Iterator[dict[str, Any]]:
    """A sample event of each detail-type of the rule, as the bus would carry it; without a
    topicName, so that no route's condition excludes it (stacks/narrowing.py)."""
    parts = (pattern, *pattern.get("$or", ()))
    listed = {t for part in parts for t in part.get("detail-type", ()) if isinstance(t, str)}
    for detail_type in sorted(listed) or ["v2.detail.events.conversation.{id}.acw"]:
        yield {
            "version": "0",
            "id": "00000000-0000-4000-8000-000000000000",
            "detail-type": detail_type,
            "source": bus,
            "account": account,
            "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "region": "eu-central-1",
            "resources": [],
            "detail": {"eventBody": {}},
        }


def _secret(relay: Relay) -> str:
    client_id, _ = Probe(relay).secret()
    if client_id == PLACEHOLDER:
        raise OpsError(
            "It still contains the placeholder: put the OAuth client's id and secret into Secrets "
            f"Manager ({relay.output('GenesysSecretName')})."
        )
    return f"readable; the client is {client_id[:8]}..."


def _token(relay: Relay) -> str:
    try:
        Probe(relay).token()
    except NoToken as error:
        remedy = (
            f"{CREDENTIALS_ADVICE} Runbook: Rotate the credentials. {KEPT_OUT}"
            if error.is_ours
            else "Genesys is failing: see its status page. Events wait in the meantime."
        )
        raise OpsError(f"{error} {remedy}") from error
    return f"{relay.settings['GENESYS_LOGIN_URL']} gives one"


def _permissions(relay: Relay) -> str:
    probe = Probe(relay)
    token = probe.token()
    return permissions(
        deployed.configuration(relay),
        lambda method, path, body: probe.call(method, path, token, body),
        has_audit="AuditFunctionName" in relay.outputs,
    )


def _journeys(relay: Relay) -> str:
    """Checks each configuration, its External Sources and its activation."""
    caller, names = Probe(relay).caller(), []
    configured = deployed.configuration(relay)
    for name, destination in configured.destinations.items():
        if destination.kind != journey.KIND.name:
            continue
        items = [route.item for route in configured.routes if route.destination.name == name]
        configuration_id = destination.path.split("/")[-2]
        names.append(setup_journey.looked_at(caller, configuration_id, items))
    return f"journeys show {', '.join(names)}" if names else "no destination is a journey"


def _limits(relay: Relay) -> str:
    probe = Probe(relay)
    answer = probe.call("GET", HARMLESS, probe.token())
    if not (200 <= answer.status < 300 or is_busy(answer)):
        raise OpsError(
            f"Genesys refuses GET {HARMLESS}, which any token may read: {words(answer)}."
        )
    allowed = allowed_per_minute(answer)
    configured = int(relay.settings["REQUESTS_PER_MINUTE"])
    if allowed is None:
        return f"{configured} requests a minute configured; Genesys did not state its limit"
    if allowed < configured:
        raise OpsError(
            f"Genesys allows {allowed} requests a minute, {configured} are configured: lower "
            "requests_per_minute, or ask Genesys to raise the limit."
        )
    return f"{configured} requests a minute configured, Genesys allows {allowed}"


def _clock(relay: Relay) -> str:
    answer: Any = relay.sqs.list_queues(MaxResults=1)
    ours = date_of(answer["ResponseMetadata"]["HTTPHeaders"])
    theirs = date_of(
        Probe(relay).send("GET", f"{relay.settings['GENESYS_API_URL']}{HARMLESS}", {}, None).headers
    )
    if ours is None or theirs is None:
        return "AWS or Genesys does not state its time"
    apart = abs((ours - theirs).total_seconds())
    # Both dates are whole seconds, read in turn.
    if apart > LIVE.clock_skew_s + 2:
        raise OpsError(
            f"AWS and Genesys are {apart:.0f} s apart, so windows of the rate limit do not match: "
            "check again later; if it lasts, tell Genesys' support."
        )
    return f"AWS and Genesys are {apart:.0f} s apart"


def _alarms(relay: Relay) -> str:
    count = sum(1 for kind, _ in relay.resources.values() if kind == "AWS::CloudWatch::Alarm")
    topic, details = relay.output("AlarmTopicArn"), relay.outputs.get("AlarmDetailsTopicArn")
    if relay.is_embedded:
        return f"{count} alarms (local run: stored, not evaluated)"
    if not any(_has_reader(relay, one) for one in (topic, details) if one):
        raise OpsError(
            f"The {count} alarms notify nobody: set alarm_email in the environment file and "
            "deploy, or subscribe a chat channel or a pager to the topic "
            f"{topic.rsplit(':', 1)[-1]} (runbook: Who hears the alarms). An e-mail address counts "
            "once the message from AWS is confirmed."
        )
    return f"{count} alarms, with a confirmed subscription"


def _has_reader(relay: Relay, topic: str) -> bool:
    found: Any = relay.client("sns").list_subscriptions_by_topic(TopicArn=topic)
    return any(row["SubscriptionArn"].startswith("arn:") for row in found["Subscriptions"])


def _arn(relay: Relay, url: str) -> str:
    answer = relay.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return answer["Attributes"]["QueueArn"]


ALL = (
    Check("stack", _stack),
    Check("functions", _functions),
    Check("concurrency", concurrency.enough),
    Check("drift", _drift),
    Check("partner source", _partner_source),
    Check("rules", _rules),
    Check("ledger", _ledger),
    Check("key", key.usable),
    Check("secret", _secret),
    Check("signing keys", signing_keys),
    Check("personal key", personal.readable),
    Check("token", _token),
    Check("permissions", _permissions),
    Check("journeys", _journeys),
    Check("rate limit", _limits),
    Check("clock", _clock),
    Check("alarms", _alarms),
)
