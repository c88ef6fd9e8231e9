"""What the functions wrote: their log groups in the emulator's CloudWatch."""

from collections.abc import Iterator, Mapping

from demo.run.stage import Stage

VERBS = ("Intake", "Dedup", "Write", "Confirm", "Reconcile")


def groups(stage: Stage) -> Mapping[str, str]:
    """The log group of each function, by its verb."""
    return {verb: _group(stage, verb) for verb in VERBS}


def _group(stage: Stage, verb: str) -> str:
    answer = stage.aws.client("lambda").get_function_configuration(
        FunctionName=stage.outputs[f"{verb}FunctionName"]
    )
    return answer["LoggingConfig"]["LogGroup"]


def lines(stage: Stage, group: str) -> Iterator[tuple[str, int, str]]:
    """A unique key, the time (ms) and the text of every line."""
    logs = stage.aws.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    for page in pages:
        for event in page["events"]:
            text, at_ms = event["message"], event["timestamp"]
            yield f"{event.get('logStreamName')}/{event.get('eventId')}/{text}", at_ms, text
