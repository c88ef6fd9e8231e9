"""moto knows neither StartMessageMoveTask nor ListMessageMoveTasks of SQS (API reference). Here a
task has ended when it is answered; each dead letter was sent, so none has a source to return to."""

from typing import Any

import pytest
from moto.core.responses import ActionResult
from moto.sqs.models import SQSBackend
from moto.sqs.responses import SQSResponse

#: by the ARN of the dead-letter queue, the latest task first
Tasks = dict[str, list[dict[str, Any]]]


def teach_redrives(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks: Tasks = {}

    def start(response: SQSResponse) -> ActionResult:
        source, destination = (
            response._get_param(name) for name in ("SourceArn", "DestinationArn")
        )
        task = {"Status": "FAILED", "SourceArn": source, "StartedTimestamp": 0}
        if destination:
            _move(response.sqs_backend, source, destination)
            task |= {"Status": "COMPLETED", "DestinationArn": destination}
        elif not response.sqs_backend.get_queue(_name(source)).messages:
            task |= {"Status": "COMPLETED"}
        tasks.setdefault(source, []).insert(0, task)
        return ActionResult({"TaskHandle": "task"})

    def listed(response: SQSResponse) -> ActionResult:
        found = tasks.get(response._get_param("SourceArn"), [])
        return ActionResult({"Results": found[: int(response._get_param("MaxResults") or 1)]})

    monkeypatch.setattr(SQSResponse, "start_message_move_task", start, raising=False)
    monkeypatch.setattr(SQSResponse, "list_message_move_tasks", listed, raising=False)


def _move(backend: SQSBackend, source: str, destination: str) -> None:
    left, taken = (backend.get_queue(_name(arn)) for arn in (source, destination))
    for message in list(left.messages):
        left._messages.remove(message)
        taken.add_message(message)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]
