"""Limits that belong together keep their order, for AWS and for the rehearsal alike."""

from dataclasses import replace

import pytest

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.limits import DAY_S, LIVE, TIMINGS, Timing


@pytest.mark.parametrize("name", TIMINGS)
def test_every_relation_holds(name: str) -> None:
    assert [words for words, holds in TIMINGS[name].relations() if not holds] == []


def broken(timing: Timing) -> list[str]:
    return [words for words, holds in timing.relations() if not holds]


@pytest.mark.parametrize(
    ("timing", "complaint"),
    [
        (
            replace(LIVE, visibility_s={**LIVE.visibility_s, "batches": 359}),
            "visibility of batches >= 6 x timeout of dedup",
        ),
        (
            replace(LIVE, late_effect_s=400),
            "visibility of writes > timeout of write + quarantine",
        ),
        (
            replace(LIVE, request_timeout_s=20),
            "a request with two tokens fits into one invocation of write",
        ),
        (
            replace(LIVE, visibility_s={**LIVE.visibility_s, "writes": 1000}),
            "a crash-looping message of writes is dead-lettered before it expires",
        ),
    ],
)
def test_a_relation_that_does_not_hold_is_named(timing: Timing, complaint: str) -> None:
    assert complaint in broken(timing)


def test_a_claim_outlives_every_copy_of_its_event() -> None:
    """Four days of Genesys' own retries, one of EventBridge's, four in a queue, and fourteen among
    the dead letters: the longest way of a copy."""
    assert limits.CLAIM_TTL_S > (4 + 1 + 4 + 14) * DAY_S
    assert limits.HORIZON_S < limits.CLAIM_TTL_S


def test_a_lease_outlasts_its_invocation_by_the_time_in_which_a_request_can_take_effect() -> None:
    """R1."""
    for timing in TIMINGS.values():
        assert timing.quarantine_s >= timing.request_s + timing.late_effect_s


def test_every_queue_has_its_numbers() -> None:
    queues = set(limits.QUEUES)

    assert set(limits.RECEIVES_MAX) == set(limits.MESSAGES_PER_INVOCATION) == queues
    for timing in TIMINGS.values():
        assert set(timing.visibility_s) == queues
        assert set(limits.QUEUES.values()) <= set(timing.function_timeout_s)


def test_a_write_message_is_alone_in_its_invocation() -> None:
    """A timeout of one request must never double a neighbour's."""
    assert limits.MESSAGES_PER_INVOCATION["writes"] == 1


def test_a_sealed_message_leaves_room_for_its_attributes() -> None:
    assert limits.SEALED_BYTES_MAX < limits.SQS_MESSAGE_BYTES_MAX - 100_000
    assert limits.GENESYS_BODY_BYTES_MAX < limits.SEALED_BYTES_MAX
