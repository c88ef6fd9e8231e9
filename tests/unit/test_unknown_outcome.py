"""After an unknown outcome: what may be done, by what is known of the destination (R2, R3, R4)."""

from dataclasses import replace

import pytest

from lambdas.relay.destinations.destination import Destination, KeyPolicy
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.genesys.unknown_outcome import after_refusal, before_posting
from lambdas.relay.kernel.limits import DAY_S
from stacks.schema import confirmations
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY, configuration

PLAIN = configuration(JOURNEY).destinations["there"]
MANUAL = replace(PLAIN, unknown="manual")
READABLE = replace(
    MANUAL,
    confirmation=confirmations.read({"truth": "/x/{key}", "key": "id"}, KINDS["generic"], "x"),
)
KEYED = replace(MANUAL, key=KeyPolicy(honoured_s=DAY_S, checked_first=True))
JUDGED_FIRST = replace(MANUAL, key=KeyPolicy(honoured_s=DAY_S))
UPSERT = replace(MANUAL, is_repeatable=True)


@pytest.mark.parametrize(
    ("destination", "step"),
    [
        (PLAIN, "repost"),
        (MANUAL, "ask a person"),
        (READABLE, "ask Genesys"),
        (KEYED, "post"),
        (UPSERT, "post"),
    ],
)
def test_what_an_attempt_in_doubt_begins_with(destination: Destination, step: str) -> None:
    assert before_posting(NOW_MS - 60_000, destination, NOW_MS) == step
    assert before_posting(None, destination, NOW_MS) == "post"


def test_a_key_is_not_trusted_for_as_long_as_it_promises() -> None:
    """R4: with an hour to spare."""
    since = NOW_MS - (DAY_S - 3600) * 1000
    assert before_posting(since, KEYED, NOW_MS) == "ask a person"
    assert before_posting(since + 1000, KEYED, NOW_MS) == "post"


@pytest.mark.parametrize(
    ("destination", "status", "verdict"),
    [
        (PLAIN, 400, "rejected"),
        (MANUAL, 400, "ask a person"),
        (READABLE, 400, "ask Genesys"),
        (KEYED, 400, "rejected"),
        (KEYED, 409, "ask a person"),
        (JUDGED_FIRST, 400, "ask a person"),
        (UPSERT, 400, "rejected"),
    ],
)
def test_a_refusal_in_doubt_proves_nothing_by_itself(
    destination: Destination, status: int, verdict: str
) -> None:
    """R3."""
    assert after_refusal(status, destination) == verdict
