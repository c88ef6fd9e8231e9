"""Sealed batches: every event in one of them, in its order, and the same bytes for ever."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.destinations.correlation import read_facts
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import SEALED_BYTES_MAX, SQS_MESSAGE_BYTES_MAX
from lambdas.relay.messages.checksum import checksum_of
from lambdas.relay.messages.sealing import (
    Batch,
    SealedEvent,
    Shape,
    decode,
    describe,
    encode,
)
from tests.unit.batches import TARGET, batch_of, collision, said_in, sealed, sealed_event

events = st.builds(
    sealed_event,
    st.text(max_size=20),
    item=st.none() | st.text(st.characters(max_codepoint=126), max_size=300).map(canonical),
    conversation=st.sampled_from(["", "c1", "c2"]),
)


# Packing


@given(st.lists(events, max_size=40), st.integers(1, 8), st.integers(50, 2000))
def test_every_event_is_in_exactly_one_batch(
    given_events: list[SealedEvent], most_events: int, most_bytes: int
) -> None:
    batches = sealed(given_events, most_events=most_events, most_bytes=most_bytes)

    packed = [event.identity for batch in batches for event in batch.events]
    assert sorted(packed) == sorted({event.identity for event in given_events})


@given(st.lists(events, max_size=40, unique_by=lambda e: e.identity), st.integers(1, 8))
def test_a_batch_keeps_the_order_in_which_its_events_came(
    given_events: list[SealedEvent], most_events: int
) -> None:
    place = {event.identity: number for number, event in enumerate(given_events)}

    for batch in sealed(given_events, most_events=most_events, most_bytes=1000):
        places = [place[event.identity] for event in batch.events]
        assert places == sorted(places)


@given(st.lists(events, max_size=40), st.integers(1, 8), st.integers(50, 2000))
def test_no_batch_is_over_a_limit_unless_a_single_event_is(
    given_events: list[SealedEvent], most_events: int, most_bytes: int
) -> None:
    for batch in sealed(given_events, most_events=most_events, most_bytes=most_bytes):
        assert len(batch.events) <= most_events
        assert len(batch.events) == 1 or len(batch.body()) <= most_bytes + 100


def test_events_fill_as_few_batches_as_the_count_allows() -> None:
    given_events = [sealed_event(str(number)) for number in range(120)]

    batches = sealed(given_events, most_events=50)

    assert [len(batch.events) for batch in batches] == [50, 50, 20]


def test_a_message_stays_below_the_limit_of_sqs() -> None:
    large = [sealed_event(str(n), item=canonical("x" * 60_000)) for n in range(40)]

    for batch in sealed(large, most_bytes=10_000_000):
        assert len(encode(batch)) < SEALED_BYTES_MAX + 1000 < SQS_MESSAGE_BYTES_MAX


def test_an_event_that_fits_nowhere_stands_alone() -> None:
    small, huge = sealed_event("small"), sealed_event("huge", item=canonical("x" * 1000))

    batches = sealed([small, huge, sealed_event("other")], most_bytes=200)

    assert [len(batch.events) for batch in batches] == [2, 1]
    assert batches[1].events == (huge,)


def test_copies_that_arrive_together_are_one_event() -> None:
    first = sealed_event("a")
    copy = replace(first, envelope_id="another", accepted_at_ms=first.accepted_at_ms + 1)

    (batch,) = sealed([first, copy])

    assert len(batch.events) == 1


def test_two_events_under_one_identity_never_share_a_batch() -> None:
    first = sealed_event("a")

    batches = sealed([first, collision(first), sealed_event("b")])

    assert [len(batch.events) for batch in batches] == [2, 1]
    assert batches[1].events == (collision(first),)


def test_nothing_to_seal_is_no_batch() -> None:
    assert sealed([]) == []


# Identity of a batch


def test_the_same_content_has_the_same_id() -> None:
    assert batch_of("a", "b").batch_id == batch_of("a", "b").batch_id


@pytest.mark.parametrize(
    "other",
    [
        batch_of("b", "a"),
        batch_of("a"),
        batch_of("a", "b", nonce="another"),
        sealed([sealed_event("a"), sealed_event("b")], target=replace(TARGET, path="/x"))[0],
        sealed([sealed_event("a"), sealed_event("b", item="{}")])[0],
    ],
    ids=["other order", "fewer", "other nonce", "other path", "other bytes"],
)
def test_any_other_content_has_another_id(other: Batch) -> None:
    assert other.batch_id != batch_of("a", "b").batch_id


def test_batches_sealed_together_have_different_ids() -> None:
    batches = sealed([sealed_event(str(n)) for n in range(9)], most_events=2)

    assert len({batch.batch_id for batch in batches}) == 5


def test_the_id_of_a_batch_is_pinned() -> None:
    """A release that computes another one could not recognise the children of older splits."""
    assert batch_of("a", "b").batch_id == "a26bcb15-1f68-4705-bff6-3424d05e31e0"
    assert batch_of("a", "b").part([1]).batch_id == "31715f2f-aef6-4c8b-9c5b-fd2292b43935"


# Children and subsets


def test_a_repeated_split_yields_the_same_children() -> None:
    """R7."""
    batch = batch_of("a", "b", "c", "d")
    again = decode(encode(batch))

    assert batch.part([0, 1]) == again.part([0, 1])
    assert batch.part([2, 3]) == again.part([2, 3])
    assert batch.part([0, 1]).batch_id != batch.part([2, 3]).batch_id != batch.batch_id


def test_a_child_holds_its_events_verbatim_and_knows_its_depth() -> None:
    batch = batch_of("a", "b", "c", "d")

    child = batch.part([1, 3])

    assert child.events == (batch.events[1], batch.events[3])
    assert child.depth == 1
    assert child.part([0]).depth == 2
    assert child.sealed_at_ms == batch.sealed_at_ms


def test_a_batch_without_the_events_of_others_keeps_its_id() -> None:
    batch = batch_of("a", "b", "c")
    second = frozenset({batch.events[1].identity})

    assert said_in(batch.only(second)) == ["b"]
    assert said_in(batch.without(second)) == ["a", "c"]
    assert batch.only(second).batch_id == batch.without(second).batch_id == batch.batch_id


def test_a_batch_is_as_old_as_its_oldest_event() -> None:
    young, old = sealed_event("a"), replace(sealed_event("b"), accepted_at_ms=5)

    assert sealed([young, old])[0].oldest_ms == 5


# The request's bytes


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("lists", b'{"entities":[{"said":"a"},{"said":"b"}]}'),
        ("array", b'[{"said":"a"},{"said":"b"}]'),
    ],
)
def test_a_request_has_the_items_in_order(shape: Shape, body: bytes) -> None:
    (batch,) = sealed([sealed_event("a"), sealed_event("b")], target=replace(TARGET, shape=shape))

    assert batch.body() == body


def test_a_request_for_one_item_is_that_item() -> None:
    (batch,) = sealed([sealed_event("a")], target=replace(TARGET, shape="single"))

    assert batch.body() == b'{"said":"a"}'


def test_a_request_may_have_several_lists() -> None:
    call = replace(sealed_event("a"), into="calls")
    mail = replace(sealed_event("b"), into='e"mails')
    other = replace(sealed_event("c"), into="calls")

    (batch,) = sealed([call, mail, other])

    assert json.loads(batch.body()) == {
        "calls": [{"said": "a"}, {"said": "c"}],
        'e"mails': [{"said": "b"}],
    }


# The message


@given(st.lists(events, min_size=1, max_size=10))
def test_a_sealed_message_reads_as_it_was_sealed(given_events: list[SealedEvent]) -> None:
    for batch in sealed(given_events):
        assert decode(encode(batch)) == batch
        assert encode(decode(encode(batch))) == encode(batch)
        assert encode(batch).isascii()


@given(st.data())
def test_no_edit_of_a_sealed_message_goes_unnoticed(data: st.DataObject) -> None:
    message = encode(batch_of("a", "b"))
    place = data.draw(st.integers(0, len(message) - 1))
    character = data.draw(st.characters(min_codepoint=32, max_codepoint=126))
    edited = message[:place] + character + message[place + 1 :]

    if json_or_none(edited) == json.loads(message):
        return
    with pytest.raises(Malformed):
        decode(edited)


def test_an_edited_message_is_distinguished_from_what_is_no_batch() -> None:
    document = json.loads(encode(batch_of("a")))
    document["events"][0][-1] = '{"said":"another"}'

    with pytest.raises(Malformed, match="changed after it was sealed"):
        decode(json.dumps(document))
    with pytest.raises(Malformed, match="not a valid sealed batch"):
        decode('{"v": 1, "batch_id": "x"}')
    with pytest.raises(Malformed, match="not JSON"):
        decode("hello")


def test_a_message_of_another_release_says_so() -> None:
    document = json.loads(encode(batch_of("a")))

    with pytest.raises(Malformed, match="format 2; this release reads 1"):
        decode(json.dumps({**document, "v": 2}))


def test_white_space_added_by_a_console_is_no_edit() -> None:
    batch = batch_of("a", "b")

    assert decode(json.dumps(json.loads(encode(batch)), indent=2)) == batch


json_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=9)
        | st.dictionaries(
            st.sampled_from(["v", "sum", "batch_id", "nonce", "destination", "events", "x"]), inner
        )
    ),
)


@given(json_documents)
def test_any_json_is_a_sealed_batch_or_malformed(document: Any) -> None:
    with pytest.raises(Malformed):
        decode(json.dumps(document))


def test_attributes_show_a_person_what_a_message_is_about() -> None:
    (batch,) = sealed([sealed_event("a", conversation="c1"), sealed_event("b")])

    described = describe(batch)

    assert described["batch"] == batch.batch_id
    assert described["destination"] == "journey"
    assert described["events"] == "2"
    assert described["identity"] == batch.events[0].identity
    assert described["topic"] == "v2.detail.events.conversation.c.acw"
    assert described["conversation"] == "c1"


def test_claims_of_a_conversation_are_side_by_side() -> None:
    assert sealed_event("a", conversation="c1").owner == "c1"
    assert sealed_event("a").owner == sealed_event("a").identity


def test_a_personal_name_is_in_no_key_and_no_attribute() -> None:
    """The item, and the row that a message holds, contain it."""
    event = replace(sealed_event("a", conversation="tel:+4930901820"), partition="keyed")
    (batch,) = sealed([event, sealed_event("b")])

    read = decode(encode(batch))

    assert read == batch
    assert [each.owner for each in read.events] == ["keyed", read.events[1].identity]
    assert describe(batch)["conversation"] == "keyed"


def test_a_batch_without_personal_names_has_no_column_for_them() -> None:
    assert "partition" not in encode(batch_of("a", "b"))


def json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("member", "odd"),
    [("depth", "1"), ("depth", -1), ("sealed_at_ms", 10**400), ("shape", "heap"), ("events", []),
     ("nonce", None), ("path", ["/api"]), ("formerly", [1])],
)  # fmt: skip
def test_a_checksum_that_fits_does_not_make_a_batch(member: str, odd: Any) -> None:
    document = json.loads(encode(batch_of("a")))
    del document["sum"]
    document[member] = odd

    with pytest.raises(Malformed):
        decode(canonical({**document, "sum": checksum_of(canonical(document))}))


@pytest.mark.parametrize("item", ["", "{", "[1", "x", "[" * 100_000])
def test_an_item_that_is_no_json_makes_no_request(item: str) -> None:
    document = json.loads(encode(batch_of("a")))
    del document["sum"]
    document["events"][0][8] = item

    with pytest.raises(Malformed):
        decode(canonical({**document, "sum": checksum_of(canonical(document))}))


@pytest.mark.parametrize(
    "facts",
    ["{", "[]", "7", "null", '["t","","",null,null,[]]', '["t","","","1",null,{}]',
     '[7,"","",null,null,{}]', '["t","","",null,null,{},1]'],
)  # fmt: skip
def test_what_is_sealed_for_correlation_is_valid_or_malformed(facts: str) -> None:
    with pytest.raises(Malformed):
        read_facts(replace(sealed_event("a"), facts=facts))
