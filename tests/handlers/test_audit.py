"""audit as Lambda runs it: by its schedule, under its own role, with one line of result."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.analytics import all_of, conversation, text
from tests.handlers.conftest import Functions
from tests.handlers.genesys import Genesys
from tests.unit.batches import NOW_MS

NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)
SCHEDULE = {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}


def test_what_came_is_not_missing_and_what_never_came_is_counted(
    functions: Functions, genesys: Genesys, capsys: pytest.CaptureFixture[str]
) -> None:
    came, gone = (conversation(name, NOW - timedelta(hours=3)) for name in ("came", "gone"))
    genesys.told = {
        "/availability": {"dataAvailabilityDate": text(NOW)},
        "": {"jobId": "j"},
        "/j": {"state": "FULFILLED"},
        "/j/results": {"conversations": [came, gone]},
    }
    functions.deployment.send("events", *map(json.dumps, all_of(came)))
    functions.consume("intake", "events")
    functions.consume("dedup", "batches")
    capsys.readouterr()

    result = functions.invoke("audit", SCHEDULE)

    assert (result["conversations"], result["expected"]) == (2, 12)
    assert (result["missing"], result["missing_conversations"]) == (6, 1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (counted,) = [line for line in lines if "MissingConversations" in line]
    assert (counted["MissingConversations"], counted["service"]) == ([1.0], "audit")
    (said,) = [line for line in lines if line.get("message") == "audited"]
    assert (said["missing"], said["since_ms"]) == (6, result["since_ms"])
    assert gone["conversationId"] not in json.dumps(lines)
