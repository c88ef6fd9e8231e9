"""relay cost: the model's figures, and the ones that the documents state."""

import json
from pathlib import Path
from random import Random

import pytest

from ops.__main__ import main
from ops.cost_model import Traffic, bill, per_million

ROOT = Path(__file__).parents[2]
SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["cost", "--json", *arguments]) == 0
    said: dict[str, float] = json.loads(capsys.readouterr().out)
    return said


def test_a_longer_linger_is_cheaper_per_event(capsys: pytest.CaptureFixture[str]) -> None:
    short, long = (
        told(capsys, "--events-per-month", "1e6", "--linger-s", seconds) for seconds in ("2", "30")
    )
    assert long["usd_per_million"] < short["usd_per_million"] / 2
    assert long["events_per_batch"] > 5 * short["events_per_batch"]


def test_lanes_cost_what_their_queues_do(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (ROOT / "environments" / "example.toml").read_text("utf-8")
    (tmp_path / "lanes.toml").write_text(text.replace("#lanes = true", "lanes = true"), "utf-8")

    usual = told(capsys, "-e", "example", "--events-per-month", "1e4")
    lanes = told(capsys, "-e", str(tmp_path / "lanes.toml"), "--events-per-month", "1e4")

    assert 0.5 < lanes["usd"] - usual["usd"] < 1.5


def test_the_settings_of_an_environment_count(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = (ROOT / "environments" / "example.toml").read_text("utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text.replace("linger_s = 6", "linger_s = 20"), "utf-8")
    mine_egress = tmp_path / "egress.toml"
    mine_egress.write_text(text.replace("fixed_egress = false", "fixed_egress = true"), "utf-8")

    asked = ("--events-per-month", "1e6")
    usual = told(capsys, "-e", "example", *asked)
    assert told(capsys, "-e", str(mine), *asked)["usd"] < usual["usd"]
    assert told(capsys, "-e", str(mine_egress), *asked)["usd"] == pytest.approx(usual["usd"] + 35)


def test_copies_cost_their_handling_but_no_request() -> None:
    none, many = (Traffic(1e7, copies=copies, linger_s=60) for copies in (0.0, 1.0))
    assert per_million(none) < per_million(many) < 2 * per_million(none)


def test_nothing_is_cheaper_than_the_fixed_cost() -> None:
    fixed = sum(line.usd for line in bill(Traffic(1)) if line.is_fixed)
    assert sum(line.usd for line in bill(Traffic(1))) == pytest.approx(fixed, abs=0.01)


@pytest.mark.parametrize(("events", "linger_s"), [(1e6, 6), (1e6, 30), (4e6, 6)])
def test_a_batch_is_as_large_as_the_pollers_make_it(events: float, linger_s: float) -> None:
    traffic, random = Traffic(events, linger_s=linger_s), Random(7)
    until = [0.0] * traffic.pollers
    at, batches, messages = 0.0, 0, 20_000
    for _ in range(messages):
        at += random.expovariate(traffic.per_second)
        poller = random.randrange(traffic.pollers)
        if at > until[poller]:
            until[poller] = at + linger_s
            batches += 1
    assert messages / batches == pytest.approx(traffic.collected, rel=0.05)


def row(events: int) -> str:
    """A line of the table in README and runbook."""
    cells = [f"{events:,}".replace(",", " ")]
    for linger_s in (2, 6, 30):
        traffic = Traffic(events, linger_s=linger_s)
        total = sum(line.usd for line in bill(traffic))
        cells.append(f"{total:,.0f} ({traffic.batch:.1f})".replace(",", " "))
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("document", ["README.md", "docs/runbook.md"])
def test_the_documents_state_what_the_model_gives(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    assert [row(events) for events in SIZES if row(events) not in text] == []
