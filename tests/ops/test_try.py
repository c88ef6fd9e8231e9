"""relay try: what an event would become, and one sentence if something is wrong."""

import gzip
import json
from pathlib import Path

import pytest

from ops.__main__ import main
from tests.unit.simulated import envelope

ENVIRONMENT = """
[relay]
partner_event_source = "aws.partner/genesys.com/cloud/x/y"
genesys_region = "eu-central-1"
[destinations.journey]
kind = "journey-external-events"
configuration_id = "c1"
[[routes]]
name = "mine"
destination = "journey"
topics = ["*.acw"]
item.note = "body.mood"
item.id = "body.own || id"
item.identifiers.externalIds = [{ value = "id", externalSourceId = "'x'" }]
item.attributes.topic = "topic"
"""


@pytest.fixture
def given(tmp_path: Path) -> tuple[Path, Path]:
    environment, event = tmp_path / "trial.toml", tmp_path / "event.json"
    environment.write_text(ENVIRONMENT)
    event.write_text(envelope(1, mood="good"))
    return environment, event


def run(environment: Path, event: Path, *more: str) -> int:
    return main(["try", "--environment", str(environment), "--event", str(event), *more])


def test_it_shows_the_item_and_where_it_goes(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*given, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["item"]["note"] == "good"
    assert row["request"].endswith("/configurations/c1/events")


def test_its_older_name_does_the_same(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    environment, event = map(str, given)
    said = []
    for name in ("try", "try-mapping"):
        assert main([name, "--environment", environment, "--event", event]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] != ""


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_is_read_in_every_encoding_of_unicode(
    given: tuple[Path, Path], encoding: str
) -> None:
    given[1].write_text(envelope(1, mood="good"), encoding)
    assert run(*given) == 0


def test_an_event_is_taken_out_of_its_wrapping(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same file as for `make run EVENTS=` will do."""
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": envelope(1, mood="good")}
    given[1].write_bytes(gzip.compress(json.dumps({"Messages": [message]}, indent=2).encode()))

    assert run(*given, "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["item"]["note"] == "good"


SINKS = """
[relay]
partner_event_source = "aws.partner/genesys.com/cloud/x/y"
genesys_region = "eu-central-1"
shadow = true
[destinations.crm]
kind = "https"
url = "https://crm.example.com/hooks"
[destinations.lake]
kind = "firehose"
arn = "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake"
[[routes]]
name = "crm"
destination = "crm"
shadow = false
[[routes]]
name = "lake"
destination = "lake"
"""


def test_what_goes_beside_genesys_is_shown_with_its_address(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given[0].write_text(SINKS)
    assert run(*given) == 0
    said = capsys.readouterr().out
    assert 'POST https://crm.example.com/hooks, list "events"' in said
    assert "Route lake is in shadow mode and would send" in said
    assert "firehose arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake" in said


def test_an_event_that_no_route_takes_is_reported(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given[1].write_text(envelope(1, "customer.end"))
    assert run(*given) == 0
    assert "Route mine does not take it" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("when", "code", "said"),
    [
        ("body.mood == 'good'", 0, "Route mine sends"),
        ("body.mood == 'bad'", 0, "the event does not meet the condition: body.mood == 'bad'"),
        ("abs(body.mood) > `1`", 1, "when: the expression"),
    ],
)
def test_the_result_of_a_condition_is_shown(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str], when: str, code: int, said: str
) -> None:
    given[0].write_text(ENVIRONMENT.replace("topics =", f'when = "{when}"\ntopics ='))
    assert run(*given) == code
    assert said in capsys.readouterr().out


def test_a_mapping_that_fails_gives_its_reason_and_exit_code_1(
    given: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    given[0].write_text(ENVIRONMENT.replace("body.own || id", "body.own"))
    assert run(*given) == 1
    assert "the mapping gives no id" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "event", "sentence"),
    [
        ("", "{}", "destinations is missing"),
        (ENVIRONMENT, "{}", 'line 1 has no "detail-type"'),
        (ENVIRONMENT, '{"detail-type": "t", "detail": {}}', "intake would quarantine it"),
        (ENVIRONMENT, envelope(1) + envelope(2), "holds 2 events: name a file with one of them."),
        (ENVIRONMENT, "{", "is not JSON"),
        (ENVIRONMENT.replace("body.mood", "]["), "{}", "is not a JMESPath expression"),
    ],
)
def test_what_cannot_be_tried_gives_one_sentence(
    given: tuple[Path, Path],
    capsys: pytest.CaptureFixture[str],
    environment: str,
    event: str,
    sentence: str,
) -> None:
    given[0].write_text(environment)
    given[1].write_text(event)
    assert run(*given) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
