"""What is only probably wrong is said, and refuses nothing."""

from pathlib import Path

import pytest

from stacks.configuration import load_environments
from stacks.suspicions import suspicions
from tests.stacks.environments import environment_text

GUID = "7c0b1b2e-5c0f-4b8e-9b59-0a4f3f0e6a11"
EXAMPLE = Path("environments/example.toml")


def suspected(folder: Path, configuration_id: str, organisation: str = GUID) -> list[str]:
    path = folder / "one.toml"
    path.write_text(
        f"""
[relay]
partner_event_source = "aws.partner/genesys.com/cloud/{organisation}/relay"
genesys_region = "eu-central-1"
[destinations.journey]
kind = "journey-external-events"
configuration_id = "{configuration_id}"
external_source_id = "{GUID}"
[[routes]]
name = "steps"
destination = "journey"
topics = ["order.*"]
"""
    )
    (environment,) = load_environments(str(path))
    return suspicions(environment)


def test_an_environment_of_one_s_own_is_above_suspicion(tmp_path: Path) -> None:
    assert suspected(tmp_path, GUID) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("customer-steps",), "destinations.journey.configuration_id is 'customer-steps'"),
        (("00000000-0000-4000-8000-000000000001",), "an id of the example"),
        ((GUID, "00000000-0000-4000-8000-000000000000"), "relay.partner_event_source is"),
    ],
)
def test_what_is_probably_wrong_is_one_sentence_with_its_place(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (said,) = suspected(tmp_path, *arguments)

    assert words in said


def test_the_example_says_of_each_of_its_ids_that_it_is_one() -> None:
    (environment,) = load_environments(str(EXAMPLE))

    said = suspicions(environment)

    assert {line.split(" is ")[0] for line in said} == {
        "relay.partner_event_source",
        "destinations.journey.configuration_id",
        "destinations.journey.external_source_id",
    }


def test_an_address_that_nothing_uses_is_mentioned(tmp_path: Path) -> None:
    address = 'elastic_ip = { allocation = "eipalloc-0a1b2c3d", address = "203.0.113.7" }'
    path = tmp_path / "mine.toml"

    path.write_text(environment_text(address), encoding="utf-8")
    (unused,) = load_environments(str(path))
    assert any("elastic_ip is used where" in line for line in suspicions(unused))

    path.write_text(environment_text(address, "fixed_egress = true"), encoding="utf-8")
    (used,) = load_environments(str(path))
    assert not any("elastic_ip" in line for line in suspicions(used))
