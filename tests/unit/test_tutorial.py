"""Tutorial events, and which of the four shapes a detail has."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.relay.entrances.business import business
from lambdas.relay.entrances.events import Event, parse_event, read_envelope, shape_of
from lambdas.relay.entrances.plain import plain
from lambdas.relay.entrances.tutorial import flat, posted
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import sentence
from tests.envelopes import envelope as genesys_envelope

NOW_MS = 1_767_952_800_000
PARTNER = "aws.partner/genesys.com/cloud/org/suffix"

FLAT = {
    "conversationId": "c-1",
    "timestamp": "2026-01-09T09:00:00.000Z",
    "eventType": "conversation:start",
    "participants": [{"id": "p-1"}],
}
POSTED = {
    "id": "e-1",
    "type": "conversation.updated",
    "createdTime": "2026-01-09T09:00:00.000Z",
    "data": {"conversationId": "c-1", "state": "connected"},
}


def read(detail: dict[str, Any], source: str = PARTNER, detail_type: str = "conversation") -> Event:
    return read_envelope({"source": source, "detail-type": detail_type, "detail": detail}, NOW_MS)


def same(first: Event, second: Event) -> bool:
    return (first.identity, first.payload_hash) == (second.identity, second.payload_hash)


# Flat


def test_a_flat_event_is_known_by_conversation_and_timestamp() -> None:
    assert same(read(FLAT), read(dict(reversed(FLAT.items()))))
    assert read(FLAT).identity != read({**FLAT, "timestamp": "2026-01-09T09:00:01Z"}).identity
    assert read(FLAT).identity != read({**FLAT, "conversationId": "c-2"}).identity


def test_two_real_events_that_share_both_collide_and_are_no_copies() -> None:
    other = read({**FLAT, "participants": []})

    assert other.identity == read(FLAT).identity
    assert other.payload_hash != read(FLAT).payload_hash


def test_events_of_other_types_or_sources_do_not_even_collide() -> None:
    assert read(FLAT).identity != read({**FLAT, "eventType": "conversation:end"}).identity
    assert read(FLAT).identity != read(FLAT, detail_type="other").identity
    assert read(FLAT).identity != read(FLAT, source="elsewhere").identity


def test_its_own_id_takes_precedence_over_conversation_and_timestamp() -> None:
    first, second = read({**FLAT, "id": "e-1"}), read({**FLAT, "id": "e-2"})

    assert first.identity != second.identity
    assert same(first, read({**FLAT, "id": "e-1", "timestamp": 1_767_949_200}))


def test_what_differs_between_copies_says_nothing() -> None:
    assert same(
        read({**FLAT, "metadata": {"CorrelationId": "a"}, "correlationId": "x"}),
        read({**FLAT, "metadata": {"CorrelationId": "b"}}),
    )


def test_elsewhere_metadata_is_content_of_an_event_without_id_except_a_correlation_id() -> None:
    """Genesys' publishes again with other metadata; what others call so may be all that differs."""
    one, other = ({**FLAT, "metadata": {"messageId": m}} for m in ("m1", "m2"))

    assert not same(read(one, source="shop"), read(other, source="shop"))
    assert same(read(one), read(other))
    for metadata in ({"CorrelationId": "a"}, {}, None):
        assert same(read({**FLAT, "metadata": metadata}, source="shop"), read(FLAT, source="shop"))
    correlated = {**FLAT, "metadata": {"messageId": "m1", "CorrelationId": "a"}}
    assert same(read(correlated, source="shop"), read(one, source="shop"))
    assert not same(read({**FLAT, "metadata": "m1"}, source="shop"), read(FLAT, source="shop"))


@pytest.mark.parametrize("detail", [{**FLAT, "id": "e-1"}, POSTED], ids=["flat", "posted"])
def test_a_retry_of_an_event_with_an_id_may_have_other_metadata(detail: dict[str, Any]) -> None:
    once, again = ({**detail, "metadata": {"attempt": n}} for n in (1, 2))

    assert same(read(once, source="shop"), read(again, source="shop"))


def test_a_flat_event_says_what_a_mapping_needs() -> None:
    event = read(FLAT)

    assert event.topic == "conversation:start"
    assert event.conversation_id == "c-1"
    assert event.occurred_at_ms == 1_767_949_200_000
    assert event.body == FLAT
    del (untyped := dict(FLAT))["eventType"]
    assert read(untyped).topic == "conversation"


# Posted


def test_a_posted_event_is_known_by_its_sender_and_id() -> None:
    assert same(read(POSTED), read(dict(reversed(POSTED.items()))))
    assert read(POSTED).identity != read({**POSTED, "id": "e-2"}).identity
    assert read(POSTED).identity != read(POSTED, source="elsewhere").identity


def test_no_clock_decides_what_a_posted_event_is() -> None:
    """Two events created in the same millisecond are two; one that was stamped anew is a copy."""
    assert read({**POSTED, "id": "e-2"}).identity != read(POSTED).identity
    assert same(read({**POSTED, "createdTime": "2026-01-09T09:00:01Z"}), read(POSTED))


def test_a_posted_event_belongs_to_the_conversation_in_its_data() -> None:
    assert read(POSTED).conversation_id == "c-1"
    assert read({**POSTED, "data": "c-1"}).conversation_id is None
    assert read(POSTED).topic == "conversation.updated"


def test_members_that_nobody_described_are_part_of_what_was_said() -> None:
    assert not same(read(POSTED), read({**POSTED, "severity": 1}))


# Which shape


@pytest.mark.parametrize(
    ("detail", "told"),
    [
        ({}, "detail has neither an eventBody"),
        ({"topicName": "t", "version": "2", "timestamp": "2026-01-09T09:00:00Z"},
         "detail has neither an eventBody"),
        ({"conversationId": "c-1"}, "detail has neither an eventBody"),
        ({**FLAT, "conversationId": 7}, "in detail, conversationId is a number"),
        ({**FLAT, "conversationId": ""}, "detail has neither an eventBody"),
        ({**FLAT, "timestamp": {}}, "in detail, timestamp is an object"),
        ({**FLAT, "id": 7}, "in detail, id is a number"),
        ({**POSTED, "id": None}, "detail has neither an eventBody"),
        ({**POSTED, "type": 1}, "in detail, type is a number"),
        ({**POSTED, "createdTime": [1]}, "in detail, createdTime is a list that is not"),
        ({**POSTED, "createdTime": "soon"}, "in detail, createdTime is a string that is not"),
        ({**POSTED, "createdTime": -1}, "in detail, createdTime is a number that is not"),
        ({"eventBody": None, "topicName": "t"}, "detail has no eventBody"),
    ],
)  # fmt: skip
def test_what_fits_no_shape_is_malformed(detail: dict[str, Any], told: str) -> None:
    with pytest.raises(Malformed) as raised:
        read(detail)

    assert sentence(raised.value.reason).startswith(told)


def test_an_incomplete_business_event_is_refused_with_what_it_needs() -> None:
    with pytest.raises(Malformed, match="detail has no type"):
        read({"occurredAt": "2026-01-09T09:00:00Z"}, source="shop")
    with pytest.raises(Malformed, match="detail has no occurredAt"):
        read({"type": "t", "identifiers": {}}, source="shop")


def test_genesys_own_shape_is_read_as_ever_whatever_else_a_detail_holds() -> None:
    document = genesys_envelope("acw")
    plain = read_envelope(document, NOW_MS)
    document["detail"] |= {"type": "t", "occurredAt": "x", "createdTime": "y", **FLAT}

    assert same(read_envelope(document, NOW_MS), plain)


def test_the_shape_is_decided_by_members_alone() -> None:
    happened: dict[str, Any] = {"type": "t", "occurredAt": "2026-01-09T09:00:00Z"}

    assert shape_of(POSTED, "shop") is posted
    assert shape_of(happened, PARTNER) is business
    assert shape_of(FLAT, "shop") is flat
    for source in ("shop", "aws.s3", "aws.partner/shopify.com/7/shop"):
        assert shape_of({"anything": 1}, source) is plain


@pytest.mark.parametrize(
    "detail",
    [
        {**FLAT, "conversationId": None},
        {**FLAT, "conversationId": ""},
        {**POSTED, "id": None},
        {"type": "cart.left", "createdTime": "2026-01-09T09:00:00Z", "cart": 7},
        {"occurredAt": None, "cart": 7},
        {"eventBody": None, "cart": 7},
    ],
    ids=str,
)
def test_an_applications_detail_without_the_id_of_a_shape_is_plain(detail: dict[str, Any]) -> None:
    first = read(detail, source="shop")

    assert first.body == detail
    assert same(first, read(dict(reversed(detail.items())), source="shop"))
    assert first.identity != read({**detail, "cart": 8}, source="shop").identity


# Plain

PLAIN: dict[str, Any] = {
    "timestamp": "2026-01-09T08:59:58Z", "ref": "K-7", "who": "B. Buyer", "kind": "cart.left"
}  # fmt: skip


def test_a_plain_detail_is_known_by_all_that_it_says() -> None:
    assert same(read(PLAIN, source="crm"), read(dict(reversed(PLAIN.items())), source="crm"))
    for name in PLAIN:
        changed = {**PLAIN, name: f"{PLAIN[name]}!"}
        assert read(changed, source="crm").identity != read(PLAIN, source="crm").identity
        del changed[name]
        assert read(changed, source="crm").identity != read(PLAIN, source="crm").identity
    assert read(PLAIN, source="crm").identity != read(PLAIN, source="crm2").identity
    assert read(PLAIN, source="crm").identity != read(PLAIN, "crm", "other").identity


def test_the_envelope_of_a_plain_detail_says_nothing() -> None:
    put = {"source": "crm", "detail-type": "cart", "detail": PLAIN}
    first = read_envelope({**put, "id": "1", "time": "2026-01-09T09:00:00Z"}, NOW_MS)

    assert same(first, read_envelope({**put, "id": "2", "time": "2026-01-09T09:00:05Z"}, NOW_MS))


def test_a_plain_event_says_what_a_mapping_needs() -> None:
    event = read({**PLAIN, "conversationId": "c-1"} | {"timestamp": None}, source="crm")
    assert (event.topic, event.conversation_id, event.occurred_at_ms) == (
        "conversation", "c-1", None
    )  # fmt: skip
    assert read(PLAIN, source="crm").occurred_at_ms == 1_767_949_198_000
    assert read(PLAIN, source="crm").body == PLAIN


@pytest.mark.parametrize("stated", ["yesterday", 7, [1], {}, True])
def test_what_a_plain_details_members_mean_is_up_to_its_sender(stated: Any) -> None:
    assert read({**PLAIN, "timestamp": stated, "type": stated}, source="crm").occurred_at_ms is None


def test_a_plain_detail_that_says_nothing_is_malformed() -> None:
    with pytest.raises(Malformed, match="detail is empty"):
        read({}, source="crm")


def test_a_number_that_a_hop_rewrote_is_another_number() -> None:
    """JSON has one kind of number; JavaScript writes 1.0 as 1, and rounds beyond 2^53."""
    assert read({"n": 1.0}, source="crm").identity != read({"n": 1}, source="crm").identity
    assert (
        read({"n": 2**53 + 1}, source="crm").identity != read({"n": 2**53}, source="crm").identity
    )


def test_a_fraction_is_a_double_precision_number_and_a_whole_number_keeps_every_digit() -> None:
    def amount(stated: str) -> Event:
        return parse_event(f'{{"source": "s", "detail-type": "t", "detail": {{"n": {stated}}}}}', 0)

    assert not same(amount("100000000000000000001"), amount("100000000000000000002"))
    assert not same(amount("1000000000000.01"), amount("1000000000000.02"))
    assert same(amount("10000000000000000.01"), amount("10000000000000000.02"))
    assert not same(amount('"10000000000000000.01"'), amount('"10000000000000000.02"'))
    assert same(amount("1.10"), amount("1.1"))


def test_of_a_member_that_occurs_twice_the_last_counts() -> None:
    def said(detail: str) -> Event:
        return parse_event(f'{{"source": "s", "detail-type": "t", "detail": {detail}}}', 0)

    assert same(said('{"a": 1, "a": 2}'), said('{"a": 2}'))


@pytest.mark.parametrize("other", ["k-7", " K-7", "K-7 ", "\uff2b-7", "K\u20117"])
def test_an_id_is_the_text_that_it_is(other: str) -> None:
    """Letter case, blanks and Unicode forms can mean something to whoever gives ids."""
    assert read({**PLAIN, "ref": other}, source="crm").identity != read(PLAIN, "crm").identity
    ours, theirs = ({**POSTED, "id": each} for each in ("K-7", other))
    assert read(ours, source="crm").identity != read(theirs, source="crm").identity


_MEMBER = st.sampled_from(
    ["id", "type", "createdTime", "data", "occurredAt", "conversationId", "timestamp", "eventType",
     "eventBody", "attributes", "identifiers", "correlationId", "metadata"]
)  # fmt: skip
_VALUE: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just({})
)


@settings(deadline=None)
@given(st.dictionaries(_MEMBER, _VALUE), st.sampled_from([PARTNER, "shop"]))
def test_any_detail_is_an_event_or_malformed(detail: dict[str, Any], source: str) -> None:
    try:
        event = read(detail, source=source)
    except Malformed:
        return
    assert event.identity
    assert event.topic
