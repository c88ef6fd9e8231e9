"""A replay uses the archive that covers its time, and only one of ours."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ops.archives import archive_of
from ops.connection import Relay
from ops.errors import OpsError

PATTERN = '{"source": ["aws.partner/x"]}'


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


class Events:
    """EventBridge with these archives on every bus: name, first day, pattern."""

    exceptions = SimpleNamespace(ClientError=LookupError)

    def __init__(self, *archives: tuple[str, int, str]) -> None:
        self._archives = {
            name: {
                "ArchiveName": name,
                "ArchiveArn": f"arn:{name}",
                "CreationTime": day(since),
                "EventPattern": pattern,
            }
            for name, since, pattern in archives
        }

    def describe_event_bus(self, **_named: str) -> Any:
        return {"Arn": "arn:bus"}

    def list_archives(self, **_named: str) -> Any:
        return {"Archives": [{"ArchiveName": name} for name in self._archives]}

    def describe_archive(self, **named: str) -> Any:
        return self._archives[named["ArchiveName"]]

    def describe_rule(self, **named: str) -> Any:
        return {"Arn": f"arn:{named['Name']}"}


def relay(*archives: tuple[str, int, str]) -> Relay:
    made = {
        "stack": "genesys-relay-test",
        "events": Events(*archives),
        "resources": {"Archive": ("AWS::Events::Archive", "ours")},
        "is_embedded": False,
        "output": lambda name: name,
    }
    return cast(Relay, SimpleNamespace(**made))


OLD, OLDER, LAKE = ("old", 5, PATTERN), ("older", 1, PATTERN), ("lake", 1, '{"source": ["y"]}')
OURS = ("ours", 10, PATTERN)


@pytest.mark.parametrize(
    ("since", "name"), [(11, "ours"), (10, "ours"), (9, "old"), (5, "old"), (3, "older")]
)
def test_after_a_redeploy_each_time_is_replayed_from_the_archive_that_was_there(
    since: int, name: str
) -> None:
    found = archive_of(relay(LAKE, OLDER, OLD, OURS), "partner", day(since))

    assert found.name == name
    assert found.rule_arns == ["arn:genesys-relay-test-partner"]


def test_a_time_before_every_archive_begins_with_the_earliest() -> None:
    assert archive_of(relay(OURS, ("old", 8, PATTERN)), "relay", day(2)).name == "old"


def test_somebody_elses_archive_is_not_ours() -> None:
    with pytest.raises(OpsError, match="no archive that belongs to this stack"):
        archive_of(relay(LAKE), "partner", day(11))
