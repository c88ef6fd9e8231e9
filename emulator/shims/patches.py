"""What AWS does and ministack 1.5.33 does not, filled in as far as the relay relies on it.

Every gap has a name and a contract test (tests/contract/test_emulator.py) that starts the emulator
without its filling and fails once a newer ministack behaves by itself: then delete the filling.
"""

import functools
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
    new_uuid,
)
from ministack.services import dynamodb, eventbridge, lambda_svc, secretsmanager, sqs
from ministack.services.cloudformation import provisioners

#: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPartnerEvents.html
PARTNER_ENTRIES_MAX = 20
#: A synchronous invocation's payload (6 MB), less an allowance for what the envelope adds.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
BATCH_BYTES_MAX = 6_000_000 - 500_000
#: What the envelope of one SQS record adds to its body (ids, attributes, ARNs), measured.
RECORD_OVERHEAD_BYTES = 700

#: CloudFormation types that change nothing that a local run can see: accepted and logged.
RECORDED_TYPES = (
    "AWS::Budgets::Budget",
    "AWS::CloudWatch::AnomalyDetector",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::Events::EventBusPolicy",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::StorageLens",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SecretsManager::ResourcePolicy",
    "AWS::SecretsManager::RotationSchedule",
)

logger = logging.getLogger("relay.gaps")

Filling = Callable[[], None]
FILLINGS: dict[str, Filling] = {}


def fills(name: str) -> Callable[[Filling], Filling]:
    def register(filling: Filling) -> Filling:
        FILLINGS[name] = filling
        return filling

    return register


def fill(without: frozenset[str]) -> None:
    """Fill every gap but those named; an unknown name is a mistake in the caller."""
    unknown = without - FILLINGS.keys()
    if unknown:
        raise SystemExit(f"Unknown gap {sorted(unknown)[0]!r}: choose of {', '.join(FILLINGS)}.")
    for name, filling in FILLINGS.items():
        if name not in without:
            filling()


@fills("atomic_queues")
def make_queue_changes_atomic() -> None:
    """AWS never drops a message that it accepted. ministack rebuilds a queue's list of messages in
    its polling and batch threads while the event loop appends to the old list: a message sent
    during a deletion or a dead-letter sweep can vanish. One lock around every change ends that."""
    lock = threading.RLock()
    sqs._queues_lock = lock

    def locked(module: Any, name: str) -> None:
        unlocked = getattr(module, name)

        @functools.wraps(unlocked)
        def call(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return unlocked(*args, **kwargs)

        setattr(module, name, call)
        for action, handler in sqs._HANDLERS.items():
            if handler is unlocked:
                sqs._HANDLERS[action] = call

    for name in (
        "_act_send_message",
        "_act_send_message_batch",
        "_act_delete_message",
        "_act_delete_message_batch",
        "_act_change_visibility",
        "_act_change_visibility_batch",
        "_act_purge_queue",
        "_collect_msgs",
        "_dlq_sweep",
        "_expire_retained",
        "_refresh_counts",
    ):
        locked(sqs, name)
    locked(eventbridge, "_dispatch_to_sqs")


@fills("partner_events")
def dispatch_partner_events() -> None:
    """AWS puts a partner's events on the bus with the partner source's name. ministack
    answers with ids and drops the events. An entry for a source without a bus is refused here,
    where AWS would drop it: locally that is always a mistake in the source's name."""

    def put(data: dict[str, Any]) -> Any:
        entries = data.get("Entries") or []
        if not 1 <= len(entries) <= PARTNER_ENTRIES_MAX:
            return error_response_json(
                "ValidationException",
                f"Entries must have 1 to {PARTNER_ENTRIES_MAX} members, not {len(entries)}.",
            )
        results = [_put_partner_event(entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return json_response({"FailedEntryCount": failed, "Entries": results})

    eventbridge._put_partner_events = put


def _put_partner_event(entry: dict[str, Any]) -> dict[str, str]:
    source = entry.get("Source", "")
    if source not in eventbridge._event_buses:
        message = f"No event bus is associated with the partner event source {source!r}."
        return {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": message}
    try:
        detail_is_object = isinstance(json.loads(entry.get("Detail", "")), dict)
    except ValueError:
        detail_is_object = False
    if not detail_is_object:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    event = {
        "EventId": new_uuid(),
        "Source": source,
        "DetailType": entry.get("DetailType", ""),
        "Detail": entry["Detail"],
        "EventBusName": source,
        "Time": int(eventbridge._coerce_timestamp(entry.get("Time")) or time.time()),
        "Resources": entry.get("Resources") or [],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    eventbridge._dispatch_event(event, eventbridge._pattern_event_view(event))
    eventbridge._archive_event(event)
    return {"EventId": event["EventId"]}


@fills("archives")
def make_archives() -> None:
    """CloudFormation makes archives. ministack's EventBridge keeps and replays them, to every rule
    of the bus; its CloudFormation refuses the whole template for one."""

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name = props.get("ArchiveName") or f"{logical_id}-{new_uuid()[:8]}"
        pattern = props.get("EventPattern", "")
        eventbridge._create_archive(
            {
                "ArchiveName": name,
                "EventSourceArn": props["SourceArn"],
                "EventPattern": pattern if isinstance(pattern, str) else json.dumps(pattern),
                "RetentionDays": int(props.get("RetentionDays", 0)),
            }
        )
        return name, {"Arn": eventbridge._archives[name]["ArchiveArn"], "ArchiveName": name}

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        eventbridge._archives.pop(physical_id, None)

    provisioners._RESOURCE_HANDLERS["AWS::Events::Archive"] = {"create": create, "delete": delete}


@fills("event_log")
def forget_dispatched_events() -> None:
    """AWS keeps no events on a bus. ministack keeps them all, unread: 35 MB per 20,000."""
    eventbridge._events_log_list = lambda: deque(maxlen=0)


@fills("event_source_batches")
def gather_event_source_batches() -> None:
    """Lambda gathers an SQS batch for up to the mapping's batching window, its batch size (10,000
    at most) and the payload limit. ministack delivers at once, and 10 messages at most."""
    waiting_since: dict[str, float] = {}

    def receive(queue_url: str, max_number: int) -> list[dict[str, Any]]:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            sqs._expire_retained(queue)
            sqs._dlq_sweep(queue)
            now = time.time()
            wanted = _fitting(queue["messages"], int(max_number), now)
            if not wanted:
                waiting_since.pop(queue_url, None)
                return []
            since = waiting_since.setdefault(queue_url, now)
            if wanted < int(max_number) and now - since < _batching_window_s(queue):
                return []
            del waiting_since[queue_url]
            visibility_s = int(queue["attributes"].get("VisibilityTimeout", "30"))
            return list(sqs._collect_msgs(queue, wanted, visibility_s))

    sqs._receive_messages_for_esm = receive


def _fitting(messages: list[dict[str, Any]], max_number: int, now: float) -> int:
    """How many of the messages that are visible now go into one batch."""
    count, size = 0, 0
    for message in messages:
        if message["visible_at"] > now:
            continue
        size += len(message["body"].encode()) + RECORD_OVERHEAD_BYTES
        if count == max_number or (count and size > BATCH_BYTES_MAX):
            break
        count += 1
    return count


def _batching_window_s(queue: dict[str, Any]) -> float:
    for _account, _region, mapping in lambda_svc._iter_all_esms():
        if mapping.get("EventSourceArn") == queue["attributes"]["QueueArn"]:
            return float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    return 0.0


@fills("move_tasks")
def move_dead_letters() -> None:
    """SQS moves dead letters back to where they came from, or to a chosen queue, as new messages.
    ministack knows neither of the two actions. Here a task is done when it is answered.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
    """
    tasks: list[dict[str, Any]] = []

    def start(data: dict[str, Any], _url: str) -> dict[str, Any]:
        with sqs._queues_lock:
            task = _move(data.get("SourceArn", ""), data.get("DestinationArn"))
        tasks.insert(0, task)
        esm_wake.set()
        return {"TaskHandle": new_uuid()}

    def list_tasks(data: dict[str, Any], _url: str) -> dict[str, Any]:
        count = int(data.get("MaxResults") or 1)
        of_source = [task for task in tasks if task["SourceArn"] == data.get("SourceArn")]
        return {"Results": of_source[:count]}

    sqs._HANDLERS["StartMessageMoveTask"] = start
    sqs._HANDLERS["ListMessageMoveTasks"] = list_tasks


def _move(source_arn: str, destination_arn: str | None) -> dict[str, Any]:
    """Move what is visible. A message that was sent to the dead-letter queue rather than swept into
    it has no source to go back to: without a destination the task fails there, as on AWS."""
    source = sqs._queue_by_arn(source_arn)
    if source is None or (destination_arn and sqs._queue_by_arn(destination_arn) is None):
        missing = destination_arn if source else source_arn
        raise sqs._Err("ResourceNotFoundException", f"The queue {missing} does not exist.", 404)
    if source_arn not in _dead_letter_arns():
        raise sqs._Err(
            "InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue."
        )
    now = time.time()
    task: dict[str, Any] = {
        "Status": "COMPLETED",
        "SourceArn": source_arn,
        "StartedTimestamp": int(now * 1000),
        "ApproximateNumberOfMessagesMoved": 0,
        "ApproximateNumberOfMessagesToMove": len(source["messages"]),
    }
    if destination_arn:
        task["DestinationArn"] = destination_arn
    for message in [one for one in source["messages"] if one["visible_at"] <= now]:
        target = sqs._queue_by_arn(
            destination_arn or message.get("sys", {}).get("DeadLetterQueueSourceArn", "")
        )
        if target is None:
            return task | {"Status": "FAILED", "FailureReason": "CouldNotDetermineMessageSource"}
        source["messages"].remove(message)
        target["messages"].append(_as_new(message, now))
        task["ApproximateNumberOfMessagesMoved"] += 1
    return task


def _dead_letter_arns() -> Iterator[str]:
    for queue in sqs._queues.values():
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        if "deadLetterTargetArn" in policy:
            yield policy["deadLetterTargetArn"]


def _as_new(message: dict[str, Any], now: float) -> dict[str, Any]:
    kept = {k: v for k, v in message.get("sys", {}).items() if k != "DeadLetterQueueSourceArn"}
    return message | {
        "id": new_uuid(),
        "receipt_handle": None,
        "receive_count": 0,
        "first_receive_at": None,
        "sent_at": now,
        "enqueued_at": now,
        "visible_at": now,
        "sys": kept | {"SentTimestamp": str(int(now * 1000))},
    }


@fills("time_to_live")
def enable_time_to_live() -> None:
    """CloudFormation enables a table's TTL and its point-in-time recovery. ministack's reads the
    first and does nothing, and does not know the second."""
    table = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create = table["create"]

    def create_with_ttl(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name, attributes = create(logical_id, props, stack_name)
        specification = props.get("TimeToLiveSpecification")
        if specification:
            request = {"TableName": name, "TimeToLiveSpecification": specification}
            dynamodb._update_ttl(request)
        if recovery := props.get("PointInTimeRecoverySpecification"):
            dynamodb._update_continuous_backups(
                {"TableName": name, "PointInTimeRecoverySpecification": recovery}
            )
        return name, attributes

    table["create"] = create_with_ttl


@fills("secret_ref")
def refer_to_secrets_by_arn() -> None:
    """CloudFormation's Ref of a secret is its ARN, and a name that it generates has two parts,
    `<logical id>-<random>`: the CDK takes both apart. ministack's Ref is a name of three parts."""
    secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create, update, delete = secret["create"], secret["update"], secret["delete"]

    def name_of(arn: str) -> str:
        secrets = secretsmanager._secrets.values()
        return next(str(one["Name"]) for one in secrets if one["ARN"] == arn)

    def create_secret(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        generated = {"Name": f"{logical_id}-{new_uuid().replace('-', '')[:12]}"}
        _name, attributes = create(logical_id, generated | props, stack_name)
        return attributes["Arn"], attributes

    def update_secret(
        arn: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str
    ) -> Any:
        kept = {"Name": name_of(arn)}
        _name, attributes = update(kept["Name"], kept | old, kept | new, stack_name, logical_id)
        return attributes["Arn"], attributes

    def delete_secret(arn: str, props: dict[str, Any]) -> None:
        delete(name_of(arn), props)

    secret |= {"create": create_secret, "update": update_secret, "delete": delete_secret}


@fills("bus_by_arn")
def describe_buses_by_arn() -> None:
    """A bus is described by its name or its ARN; ministack knows the name only."""
    describe = eventbridge._describe_event_bus

    def describe_event_bus(data: dict[str, Any]) -> Any:
        name = str(data.get("Name", "default"))
        return describe({**data, "Name": name.partition("event-bus/")[2] or name})

    eventbridge._describe_event_bus = describe_event_bus


@fills("metric_math_alarms")
def accept_metric_math_alarms() -> None:
    """CloudWatch computes alarms from several metrics. ministack refuses the whole template for one
    of them. Here such an alarm is listed and never evaluated: it keeps INSUFFICIENT_DATA."""
    record = provisioners._cw_metric_alarm_record

    def record_any(name: str, props: dict[str, Any]) -> dict[str, Any]:
        if props.get("Metrics"):
            stands_in = {"Namespace": "EmulatorNeverEvaluates", "MetricName": "MetricMath"}
            props = {k: v for k, v in props.items() if k != "Metrics"} | stands_in
        recorded: dict[str, Any] = record(name, props)
        return recorded

    provisioners._cw_metric_alarm_record = record_any


@fills("recorded_types")
def accept_recorded_types() -> None:
    """CloudFormation knows these types. ministack refuses the whole template for one of them."""

    def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        name = f"{stack_name}-{logical_id}"
        logger.info("CloudFormation: %s is recorded only, nothing is created", name)
        return name, {"Arn": f"arn:aws:relay:{get_region()}:{get_account_id()}:recorded/{name}"}

    def update(physical_id: str, old: Any, new: Any, stack_name: str) -> Any:
        return physical_id, {
            "Arn": f"arn:aws:relay:{get_region()}:{get_account_id()}:recorded/{physical_id}"
        }

    def delete(physical_id: str, props: dict[str, Any]) -> None:
        logger.info("CloudFormation: %s was recorded only, nothing is deleted", physical_id)

    for name in RECORDED_TYPES:
        provisioners._RESOURCE_HANDLERS.setdefault(
            name, {"create": create, "update": update, "delete": delete}
        )
