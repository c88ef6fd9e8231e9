"""Faults that AWS has on bad days, injected into the emulator: throttling, crashes, redelivery.

Time is compressed too, if wanted: a batch that failed comes back after `redelivery_s` instead of
its queue's visibility timeout, which is minutes long.
"""

import functools
import random
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.concurrency import esm_wake
from ministack.core.responses import error_response_json
from ministack.services import dynamodb, lambda_svc, sqs

from emulator.shims.faults import Faults

#: DynamoDB answers a hot partition with refusals in a row, more than an SDK's retries outlast.
THROTTLED_IN_A_ROW_MAX = 8
#: A crash comes this long after the invocation began, at most.
CRASH_AFTER_S_MAX = 0.2
#: A second delivery comes this long after the first, at most.
DUPLICATE_AFTER_S_MAX = 1.0
WRITES = frozenset(
    {"PutItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems", "BatchExecuteStatement"}
)


class FaultLog:
    """One line for each fault, so that a run can say what it went through."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def add(self, kind: str) -> None:
        with self._lock, self._path.open("a") as log:
            log.write(kind + "\n")


def inject(faults: Faults, entropy: random.Random, log: FaultLog) -> None:
    if faults.throttle:
        throttle_writes(faults.throttle, entropy, log)
    if faults.crash:
        crash_workers(faults.crash, entropy, log)
    if faults.duplicate:
        deliver_twice(faults.duplicate, entropy, log)
    if faults.redelivery_s is not None:
        return_failed_batches(faults.redelivery_s)


def throttle_writes(probability: float, entropy: random.Random, log: FaultLog) -> None:
    """Refuse writes, several in a row, before anything is written."""
    handle = dynamodb.handle_request
    left = 0

    async def throttling(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any
    ) -> Any:
        nonlocal left
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in WRITES and not left and entropy.random() < probability:
            left = entropy.randint(1, THROTTLED_IN_A_ROW_MAX)
        if action in WRITES and left:
            left -= 1
            log.add("throttled")
            return error_response_json(
                "ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            )
        return await handle(method, path, headers, body, query)

    dynamodb.handle_request = throttling


def crash_workers(probability: float, entropy: random.Random, log: FaultLog) -> None:
    """Kill a worker in the midst of its work, or when all of it is done and nobody knows yet."""
    invoke = lambda_runtime.Worker.invoke

    @functools.wraps(invoke)
    def crashing(worker: Any, *args: Any, **kwargs: Any) -> Any:
        if entropy.random() >= probability:
            return invoke(worker, *args, **kwargs)
        if entropy.random() < 0.5:
            threading.Timer(entropy.uniform(0, CRASH_AFTER_S_MAX), _kill, [worker, log]).start()
            return invoke(worker, *args, **kwargs)
        result = invoke(worker, *args, **kwargs)
        _kill(worker, log)
        return {**result, "status": "error", "error": "Runtime.ExitError: signal: killed"}

    lambda_runtime.Worker.invoke = crashing


def _kill(worker: Any, log: FaultLog) -> None:
    process = worker._proc
    if process is not None and process.poll() is None:
        process.kill()
        log.add("crashed")


def deliver_twice(probability: float, entropy: random.Random, log: FaultLog) -> None:
    """Let a message that was just received be received again, while the first is being handled."""
    collect = sqs._collect_msgs

    def collecting(queue: dict[str, Any], max_number: int, visibility_s: int) -> Any:
        messages = collect(queue, max_number, visibility_s)
        for message in messages:
            if entropy.random() < probability:
                message["visible_at"] = time.time() + entropy.uniform(0, DUPLICATE_AFTER_S_MAX)
                log.add("delivered twice")
        return messages

    sqs._collect_msgs = collecting


def return_failed_batches(redelivery_s: float) -> None:
    """Bring what a function did not handle back sooner. A visibility time that the function itself
    set is left alone: that is a deferral, not a failure."""
    run = lambda_svc._run_sqs_batch

    @functools.wraps(run)
    def returning(esm: Any, func: Any, event: Any, batch: Any, *rest: Any) -> None:
        received = [(one, one["receipt_handle"], one["visible_at"]) for one in batch]
        run(esm, func, event, batch, *rest)
        with sqs._queues_lock:
            soon = time.time() + redelivery_s
            for message, handle, visible_at in received:
                untouched = message["visible_at"] == visible_at
                if message["receipt_handle"] == handle and untouched and visible_at > soon:
                    message["visible_at"] = soon
        threading.Timer(redelivery_s, esm_wake.set).start()

    lambda_svc._run_sqs_batch = returning
