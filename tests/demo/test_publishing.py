"""What a run tells the simulated Genesys of before it publishes."""

import json
from typing import Any
from unittest.mock import MagicMock

from demo.day import SOURCE
from demo.run.lines import bus_source, read_line
from demo.run.publishing import conversations_in, publish
from tests.envelopes import envelope, text


def test_what_breaks_off_in_the_middle_of_a_character_is_nobodys_id() -> None:
    """A captured event of that kind goes its way; the simulator could not even be told of it."""
    rows = [envelope() for _ in range(3)]
    said = [("c-1", "p-1"), ("c-2", "half \ud83d"), ("half \ud83d", "p-3")]
    for row, (conversation, participant) in zip(rows, said, strict=True):
        row["detail"]["eventBody"] |= {
            "conversationId": conversation, "participantId": participant,
        }  # fmt: skip

    assert conversations_in([read_line(text(row)) for row in rows]) == {"c-1": ["p-1"], "c-2": []}


def test_a_bus_is_named_after_a_source_that_buses_can_be_named_after() -> None:
    """Whatever else is in the file; a run would end when it deploys the bus."""
    rows = [envelope() for _ in range(3)]
    for row, source in zip(
        rows, ("mein Shop \U0001f600", "mein Shop \U0001f600", "a.b/c"), strict=True
    ):
        row["source"] = source
    lines = [read_line(text(row)) for row in rows]

    assert bus_source(lines) == "a.b/c"
    assert bus_source(lines[:2]) == SOURCE


def test_a_line_that_goes_to_the_queue_has_the_time_of_now_unless_it_is_what_distinguishes_it() -> (
    None
):
    genesys, service = envelope("acw"), envelope("acw")
    service |= {"source": "aws.ec2", "id": "another", "detail": {"state": "running"}}
    stage = MagicMock()
    stage.aws.client("sqs").send_message_batch.return_value = {}
    publish([read_line(text(row)) for row in (genesys, service)], "another bus", stage, print)

    sent: list[dict[str, Any]] = stage.aws.client("sqs").send_message_batch.call_args[1]["Entries"]
    times = [json.loads(entry["MessageBody"])["time"] for entry in sent]
    assert times[0] > genesys["time"]
    assert times[1] == service["time"]
