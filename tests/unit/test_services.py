"""Events of AWS services and of other partners: nobody else can use their sources, so the
envelope's time is theirs, and distinguishes states that recur."""

from typing import Any

import pytest

from lambdas.relay.entrances.arrivals import Arrival
from lambdas.relay.entrances.events import CONTENT_CHARS, Event, Reader, read_envelope
from lambdas.relay.entrances.identities import BY_NATURE
from lambdas.relay.kernel.errors import Malformed

NOW_MS = 1_767_952_800_000
GENESYS = "aws.partner/genesys.com/cloud/org/suffix"
SHOP = "aws.partner/shopify.com/7/shop"
OTHER_ORGANISATION = "aws.partner/genesys.com/cloud/other/suffix"
READER = Reader(GENESYS, BY_NATURE)
NINE, TEN = "2026-01-09T09:00:00Z", "2026-01-09T10:00:00Z"
RUNNING: dict[str, Any] = {"instance-id": "i-1", "state": "running"}
IN_GENESYS_SHAPE = {"topicName": "t", "eventBody": RUNNING}
UNTIMED = {"conversationId": "c-1", "timestamp": None, "state": "on"}


def read(
    detail: dict[str, Any], source: str = "aws.ec2", time: str = NINE, **envelope: Any
) -> Event:
    put = {"source": source, "detail-type": "state", "detail": detail, "time": time, **envelope}
    return read_envelope(put, NOW_MS, READER)


def same(first: Event, second: Event) -> bool:
    return (first.identity, first.payload_hash) == (second.identity, second.payload_hash)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("aws.ec2", RUNNING), (SHOP, RUNNING), (SHOP, UNTIMED), (SHOP, IN_GENESYS_SHAPE),
        (OTHER_ORGANISATION, UNTIMED), (OTHER_ORGANISATION, IN_GENESYS_SHAPE),
    ],
)  # fmt: skip
def test_a_state_that_comes_back_is_another_event(source: str, detail: dict[str, Any]) -> None:
    first, again = read(detail, source), read(detail, source, TEN)

    assert first.identity != again.identity
    assert first.content == again.content == first.identity[:CONTENT_CHARS]


def test_another_state_is_other_content() -> None:
    assert read({**RUNNING, "state": "stopped"}).content != read(RUNNING).content


def test_a_redelivery_and_a_replay_keep_the_time_and_are_copies() -> None:
    assert same(read(RUNNING, id="1"), read(RUNNING, **{"id": "2", "replay-name": "r"}))


@pytest.mark.parametrize("known", [{"timestamp": NINE}, {"id": "e-1"}])
def test_an_event_with_a_moment_or_an_id_of_its_own_is_known_without_the_envelope(
    known: dict[str, Any],
) -> None:
    first = read({**RUNNING, **known})

    assert not first.content
    assert same(first, read({**RUNNING, **known}, time=TEN, resources=["arn"]))


@pytest.mark.parametrize("unknown", [{"timestamp": "soon"}, {"timestamp": None}, {"id": ""}])
def test_a_moment_that_cannot_be_read_or_an_empty_id_is_none(unknown: dict[str, Any]) -> None:
    detail = {**RUNNING, **unknown}

    assert read(detail).identity != read(detail, time=TEN).identity


def test_two_resources_in_one_state_are_two_events() -> None:
    """Some details do not say what they are about: only the envelope's `resources` do."""
    one, other = read(RUNNING, resources=["arn:1"]), read(RUNNING, resources=["arn:2"])

    assert one.content != other.content
    assert same(one, read(RUNNING, resources=["arn:1"]))
    assert same(read(RUNNING), read(RUNNING, resources=[]))


@pytest.mark.parametrize("detail", [RUNNING, IN_GENESYS_SHAPE, UNTIMED], ids=str)
def test_a_time_or_resource_that_a_sender_chose_says_nothing(detail: dict[str, Any]) -> None:
    first, again = read(detail, "shop"), read(detail, "shop", TEN, resources=["arn"])

    assert same(first, again)
    assert not first.content


def test_a_configured_source_of_another_name_has_its_envelopes_time_as_genesys_has() -> None:
    """A separate stack on trial has a source of its own (`any_event_source`)."""
    first, again = (
        read_envelope(
            {"source": "trial", "detail-type": "s", "detail": IN_GENESYS_SHAPE, "time": time},
            NOW_MS, Reader("trial", BY_NATURE),
        )
        for time in (NINE, TEN)
    )  # fmt: skip

    assert first.content
    assert first.identity != again.identity


def test_the_webhook_lends_nobody_the_time_of_an_envelope() -> None:
    came = Arrival(by_webhook=True, first_seen_ms=NOW_MS)
    first, again = (
        read_envelope(
            {"source": "aws.ec2", "detail-type": "state", "detail": RUNNING, "time": time},
            NOW_MS, READER, came,
        )
        for time in (NINE, TEN)
    )  # fmt: skip

    assert same(first, again)


def test_a_scheduled_event_is_an_event() -> None:
    def ticked(time: str, rule: str) -> Event:
        scheduled = {"detail-type": "Scheduled Event", "resources": [rule]}
        return read({}, "aws.events", time, **scheduled)

    assert ticked(NINE, "hourly").topic == "Scheduled Event"
    assert same(ticked(NINE, "hourly"), ticked(NINE, "hourly"))
    assert len({ticked(t, r).identity for t in (NINE, TEN) for r in ("hourly", "daily")}) == 4


@pytest.mark.parametrize("kind", ["Encrypted Events", "Event Bus Replay", "scheduled event"])
def test_another_notice_of_eventbridge_is_none(kind: str) -> None:
    with pytest.raises(Malformed, match="EventBridge's own notice"):
        read({"about": 1}, "aws.events", **{"detail-type": kind})
