"""Envelopes become events; copies of one event have one identity, two events never have."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.entrances.events import CONTENT_CHARS, Event, Reader, parse_event
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import JSON_DEPTH_MAX
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.routes.mapping import view
from stacks.schema.identity import read_rules
from tests.envelopes import NAMES, Envelope, envelope, republished, text

#: an hour after the recorded envelopes were accepted
NOW_MS = 1_767_952_800_000

#: What the ledger knows events by. If a release changes one of these, every event that is published
#: again after it counts as new.
IDENTITIES = {
    "acd-end": "crcommqkynbkvijtv6qyr37u7p",
    "acd-start": "jf4ce6wwbpxfz32qnqn2s44b2y",
    "acw": "nwvrfyvvjioa6rmz2vidw4jrx4",
    "attributes": "f726uzkvfqagurr3txeomikmaw",
    "audit": "sj7ill6dh7zanrpilcuhwpwn5m",
    "contact": "m42bvlrxmuyjfginomdfal223i",
    "customer-end": "4zdg25ju3ahbbm23bigabtf4f2",
    "customer-start": "ldebkjund4noktz4m7odjwm4w5",
    "flow-end": "33l4waaa2pbqh22cnnzgskhjsn",
    "flow-outcome": "smkadswbe6ivahlclhlkikkz3l",
    "flow-start": "f5dyttcfuhdfn6cal3xz7cf3d5",
    "outbound": "evtk3hasrjxnfsebzrv3ffctcn",
    "presence": "fvkquiop2uvgy27x2cwx7hcx5t",
    "user-end": "5bofvd3udv56gzoxy4dgbhsm2p",
    "user-start": "pedsvpgmnqk2cetvtcbbeiru5n",
    "voicemail-end": "jaxy5o5hcgdc77ewaou6jblm3d",
    "voicemail-start": "yl5cyv65zyrs2xnsskkqplak6a",
    "wrapup": "ousscprutvun5iybh5u7nhaglz",
}


def parsed(document: Envelope) -> Event:
    return parse_event(text(document), NOW_MS)


def identity(document: Envelope) -> str:
    return parsed(document).identity


# Real envelopes


def test_all_sixteen_conversation_topics_audits_and_presence_are_recorded() -> None:
    types = {envelope(name)["detail-type"] for name in NAMES}
    topics = {t for t in types if t.startswith("v2.detail.events.conversation.{id}.")}

    assert len(topics) == 16
    assert types - topics == {
        "v2.audits.entitytype.{id}.entityid.{id}",
        "v2.users.{id}.presence",
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_release_changes_an_identity(name: str) -> None:
    assert identity(envelope(name)) == IDENTITIES[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name != "presence"])
def test_an_event_published_again_is_the_same_event(name: str) -> None:
    original = envelope(name)

    first, again = parsed(original), parsed(republished(original))

    assert first.envelope_id != again.envelope_id
    assert (first.identity, first.payload_hash) == (again.identity, again.payload_hash)


def test_every_recorded_event_is_an_event_of_its_own() -> None:
    assert len({identity(envelope(name)) for name in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_keys_says_nothing(name: str) -> None:
    document = envelope(name)
    backwards = json.loads(
        json.dumps(document), object_pairs_hook=lambda pairs: dict(reversed(pairs))
    )
    assert list(backwards) != list(document)

    assert identity(backwards) == identity(document)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "audit"])
def test_any_change_of_the_body_is_another_event(name: str) -> None:
    assert identity(envelope(name, unheardOf=1)) != identity(envelope(name))


# Identity


def test_two_events_under_one_envelope_id_are_two_events() -> None:
    first, second = envelope("acd-start"), envelope("acw")
    second["id"] = first["id"]

    assert identity(first) != identity(second)


@pytest.mark.parametrize("name", ["acd-start", "attributes", "acw"])
def test_what_happens_again_in_a_conversation_is_no_duplicate(name: str) -> None:
    """A queue transfer, another attribute, a reopened conversation: only the time differs."""
    assert identity(envelope(name)) != identity(envelope(name, eventTime=1_767_949_999_999))


def test_an_audit_is_known_by_its_own_id() -> None:
    audit = envelope("audit")

    assert identity(envelope("audit", action="DELETE")) == identity(audit)
    assert identity(envelope("audit", id="another")) != identity(audit)
    assert parsed(envelope("audit", action="DELETE")).payload_hash != parsed(audit).payload_hash


def test_an_id_in_another_body_is_an_entitys_and_identifies_no_event() -> None:
    assert identity(envelope("presence", id="x", primary=True)) != identity(
        envelope("presence", id="x", primary=False)
    )


# States: what contains no time recurs


def membership(joined: bool, published: str, **more: Any) -> Envelope:
    """A member joins or leaves a queue; nothing in the body says when."""
    return {
        "source": "aws.partner/genesys.com/cloud/x/y",
        "detail-type": "v2.routing.queues.{id}.users",
        "id": f"{published}-envelope",
        "time": f"{published[:19]}Z",
        "detail": {
            "topicName": f"v2.routing.queues.{QUEUE}.users",
            "eventBody": {"id": "u-1", "queueId": QUEUE, "joined": joined},
            "timestamp": published,
            "metadata": {"CorrelationId": f"{published}-correlation"},
        },
        **more,
    }


QUEUE = "6f2d5e7a-1111-4222-8333-944455556666"
MORNING, NOON = "2026-01-09T07:00:00.120Z", "2026-01-09T09:00:00.120Z"


def test_a_state_that_comes_back_is_another_event() -> None:
    joined, left, again = (
        membership(True, MORNING), membership(False, "2026-01-09T08:00:00Z"), membership(True, NOON)
    )  # fmt: skip

    assert len({identity(event) for event in (joined, left, again)}) == 3


def test_a_redelivery_and_a_replay_of_a_state_are_copies() -> None:
    """Both keep what the publisher stamped."""
    first = parsed(membership(True, MORNING))
    anew = membership(True, MORNING, id="another", time="2026-01-09T09:09:09Z")
    anew["detail"]["metadata"] = {}
    anew["replay-name"] = "r"

    again = parsed(anew)

    assert (first.identity, first.payload_hash) == (again.identity, again.payload_hash)


def test_what_says_the_same_at_another_time_is_known_to_say_the_same() -> None:
    first, again, other = (
        parsed(membership(True, MORNING)), parsed(membership(True, NOON)),
        parsed(membership(False, MORNING)),
    )  # fmt: skip

    assert first.is_stamped
    assert first.identity[:CONTENT_CHARS] == again.identity[:CONTENT_CHARS]
    assert first.identity[:CONTENT_CHARS] != other.identity[:CONTENT_CHARS]


@pytest.mark.parametrize("name", NAMES)
def test_only_a_body_without_its_own_moment_or_id_takes_the_time_of_publishing(name: str) -> None:
    assert parsed(envelope(name)).is_stamped == (name == "presence")


def test_a_moment_that_cannot_be_read_is_none() -> None:
    """Then two of them are two, whatever they have in common."""
    first = envelope("acw", eventTime="today")
    again = envelope("acw", eventTime="today")
    again["detail"]["timestamp"] = NOON

    assert identity(first) != identity(again)


@pytest.mark.parametrize("said", [{}, {"timestamp": None}, {"timestamp": ""}])
def test_a_state_without_any_timestamp_has_the_envelopes_time(said: dict[str, Any]) -> None:
    first, again = membership(True, MORNING), membership(True, NOON)
    for each in (first, again):
        del each["detail"]["timestamp"]
        each["detail"].update(said)

    assert identity(first) != identity(again)
    assert identity(first) == identity({**first, "id": "redelivered"})


def test_without_a_timestamp_a_sender_s_own_put_makes_no_new_event() -> None:
    """An application's detail with an `eventBody`: each of its puts has an envelope's time of its
    own."""
    first, again = membership(True, MORNING), membership(True, NOON)
    for each in (first, again):
        del each["detail"]["timestamp"]
        each["source"] = "shop.example"

    assert identity(first) == identity(again)
    assert identity(first) != identity({**first, "source": "crm.example"})


@pytest.mark.parametrize(
    ("rule", "same"),
    [("content", True), ("own-id", True), ("content-and-time", False)],
)
def test_an_environment_can_configure_how_a_topic_is_known(rule: str, same: bool) -> None:
    reader = Reader(None, read_rules({"v2.routing.*": rule}))
    first, again = (
        parse_event(text(membership(True, published)), NOW_MS, reader)
        for published in (MORNING, NOON)
    )

    assert (first.identity == again.identity) == same
    left = parse_event(text(membership(False, MORNING)), NOW_MS, reader)
    assert (left.identity == first.identity) == (rule == "own-id")


def test_an_event_without_the_configured_id_is_known_by_nature() -> None:
    reader = Reader(None, read_rules({"*": "own-id"}))
    state = membership(True, MORNING)
    del state["detail"]["eventBody"]["id"]

    assert parse_event(text(state), NOW_MS, reader).is_stamped


def test_the_first_pattern_that_fits_counts() -> None:
    rules = read_rules({"v2.routing.*": "content", "*": "own-id"})

    assert rules.of("v2.routing.queues.{id}.users", {"id": "1"}) == "content"
    assert rules.of("v2.users.{id}.presence", {"id": "1"}) == "own-id"


def test_the_same_words_under_another_type_or_topic_are_another_event() -> None:
    start, end, moved = envelope("acd-start"), envelope("acd-start"), envelope("acd-start")
    end["detail-type"] = "v2.detail.events.conversation.{id}.acd.end"
    moved["detail"]["topicName"] = "v2.detail.events.conversation.other.acd.start"

    assert len({identity(start), identity(end), identity(moved)}) == 3


def test_an_event_without_topic_name_goes_by_its_detail_type() -> None:
    document = envelope("acd-start")
    del document["detail"]["topicName"]

    assert parsed(document).topic == "v2.detail.events.conversation.{id}.acd.start"


def test_a_topic_that_contradicts_the_detail_type_is_taken_as_it_is() -> None:
    document = envelope("acd-start")
    document["detail"]["topicName"] = "v2.users.somebody.presence"

    event = parsed(document)

    assert event.detail_type == "v2.detail.events.conversation.{id}.acd.start"
    assert event.topic == "v2.users.somebody.presence"
    assert event.conversation_id == document["detail"]["eventBody"]["conversationId"]


@pytest.mark.parametrize(
    "value",
    ["a\u2028b\u2029c", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\x00",
     "ñ", "\ud800"],
)  # fmt: skip
def test_any_text_in_a_body_is_the_same_however_it_is_escaped(value: str) -> None:
    document = envelope("attributes", attributes={"said": value})
    escaped = json.dumps(document, ensure_ascii=True)
    plain = json.dumps(document, ensure_ascii=False)

    assert parse_event(escaped, NOW_MS).identity == parse_event(plain, NOW_MS).identity
    assert parse_event(plain, NOW_MS).body["attributes"]["said"] == value


def test_texts_that_only_look_alike_are_different() -> None:
    composed = envelope("attributes", attributes={"name": "\u00e9"})
    decomposed = envelope("attributes", attributes={"name": "e\u0301"})

    assert identity(composed) != identity(decomposed)


def test_one_and_one_point_nought_are_different_events() -> None:
    whole = envelope("acw", acwDurationMs=1)
    fraction = envelope("acw", acwDurationMs=1.0)

    assert identity(whole) != identity(fraction)


def test_huge_integers_differ_by_their_last_digit() -> None:
    assert identity(envelope("acw", acwDurationMs=10**40)) != identity(
        envelope("acw", acwDurationMs=10**40 + 1)
    )


# What is tolerated


def test_unknown_values_of_enumerations_are_events_all_the_same() -> None:
    event = parsed(envelope("flow-start", flowType="inqueuecall", mediaType="HOLOGRAM"))

    assert event.body["mediaType"] == "HOLOGRAM"


@pytest.mark.parametrize("name", ["audit", "acw"])
def test_a_correlation_id_need_not_be_a_uuid(name: str) -> None:
    document = envelope(name)
    document["detail"]["metadata"]["CorrelationId"] = "8f72-archival"

    assert parsed(document).correlation_id == "8f72-archival"


@pytest.mark.parametrize("metadata", [None, {}, [], "text", {"CorrelationId": 7}])
def test_an_event_without_a_correlation_id_has_none(metadata: Any) -> None:
    document = envelope()
    document["detail"]["metadata"] = metadata

    assert parsed(document).correlation_id is None


def test_an_event_without_an_envelope_id_is_an_event() -> None:
    document = envelope()
    del document["id"]

    assert parsed(document).envelope_id == ""


def test_the_conversation_is_found_in_the_topic_when_the_body_does_not_name_it() -> None:
    document = envelope("acd-start")
    stated = document["detail"]["eventBody"].pop("conversationId")

    assert parsed(document).conversation_id == stated


@pytest.mark.parametrize(
    ("detail_type", "topic", "body", "conversation"),
    [
        ("v2.users.{id}.conversations.calls", "v2.users.u.conversations.calls", {"id": "c"}, "c"),
        ("v2.users.{id}.conversations.internalmessages",
         "v2.users.u.conversations.internalmessages", {"id": "c"}, "c"),
        ("v2.users.{id}.conversations", "v2.users.u.conversations", {"id": "c"}, "c"),
        ("v2.routing.queues.{id}.conversations.messages",
         "v2.routing.queues.q.conversations.messages", {"id": "c"}, "c"),
        ("v2.conversations.chats.{id}.members", "v2.conversations.chats.c.members", {"id": "m"},
         "c"),
        ("v2.conversations.{id}.transcription", "v2.conversations.c.transcription", {}, "c"),
        ("v2.analytics.conversation.{id}.metrics", "v2.analytics.conversation.c.metrics", {}, "c"),
        ("v2.conversations.{id}.transcription", "v2.conversations.{id}.transcription", {}, None),
        ("v2.users.{id}.conversations.calls", "v2.users.u.conversations.calls", {}, None),
        ("v2.users.{id}.conversations.calls", "v2.users.u.conversations.calls", {"id": 7}, None),
        ("v2.users.{id}.conversations.summary", "v2.users.u.conversations.summary", {"id": "s"},
         None),
        ("v2.users.{id}.conversationsummary", "v2.users.u.conversationsummary", {"id": "s"}, None),
        ("v2.conversations.{id}.transcription", "v2.conversations.c.more.transcription", {}, None),
        ("v2.users.{id}.presence", "v2.conversations.c.presence", {}, None),
        ("v2.conversations.calls", "v2.conversations.c", {}, None),
    ],
)  # fmt: skip
def test_an_id_is_only_read_where_the_template_has_its_place(
    detail_type: str, topic: str, body: dict[str, Any], conversation: str | None
) -> None:
    document = envelope("presence")
    document["detail-type"] = detail_type
    document["detail"] |= {"topicName": topic, "eventBody": body}

    assert parsed(document).conversation_id == conversation


def test_a_conversations_uuid_is_a_key_in_any_letter_case() -> None:
    stated = envelope("acw")["detail"]["eventBody"]["conversationId"]
    loud = parsed(envelope("acw", conversationId=stated.upper()))

    assert loud.conversation_id == stated.lower()
    assert loud.body["conversationId"] == stated.upper(), "what was said stays as it was said"
    assert parsed(envelope("acw", conversationId="Order 1")).conversation_id == "Order 1"


def test_presence_and_audits_belong_to_no_conversation() -> None:
    assert parsed(envelope("presence")).conversation_id is None
    assert parsed(envelope("audit")).conversation_id is None


# Times


def test_detail_events_state_their_time_in_milliseconds() -> None:
    assert parsed(envelope("acw", eventTime=1_767_949_390_137)).occurred_at_ms == 1_767_949_390_137
    assert parsed(envelope("acw", eventTime=1.5e12)).occurred_at_ms == 1_500_000_000_000


@pytest.mark.parametrize(
    "stated",
    ["2026-01-09T09:00:09.000Z", "2026-01-09T10:00:09+01:00", "2026-01-09 09:00:09z"],
)
def test_audits_state_their_time_in_iso_format(stated: str) -> None:
    assert parsed(envelope("audit", eventTime=stated)).occurred_at_ms == 1_767_949_209_000


@pytest.mark.parametrize("stated", [None, "yesterday", "", "2026-01-09T09:00:09", True, {}, []])
def test_an_event_that_does_not_say_when_it_happened_is_an_event(stated: object) -> None:
    assert parsed(envelope("acw", eventTime=stated)).occurred_at_ms is None
    assert parsed(envelope("presence")).occurred_at_ms is None


@pytest.mark.parametrize("stated", [10**30, -(10**30), 1e300, -1, "0001-01-01T00:00:00+14:00"])
def test_a_time_outside_the_calendar_is_no_reason_to_lose_an_event(stated: object) -> None:
    event = parsed(envelope("acw", eventTime=stated))

    assert view(event, "all")["occurred_at"].endswith("Z")


def test_the_horizon_counts_from_the_acceptance_by_eventbridge() -> None:
    assert parsed(envelope("acw")).accepted_at_ms == 1_767_949_390_000


@pytest.mark.parametrize("time", ["2031-01-01T00:00:00Z", None, "later", 7])
def test_no_envelope_makes_its_event_younger_than_now(time: object) -> None:
    document = envelope()
    document["time"] = time

    assert parsed(document).accepted_at_ms == NOW_MS


# What is malformed


def without(*path: str) -> Envelope:
    return changed(*path, to=...)


def changed(*path: str, to: object) -> Envelope:
    """The recorded envelope with one member replaced; `...` leaves it out."""
    document = envelope()
    place = document
    for name in path[:-1]:
        place = place[name]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return document


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], "the envelope is a list, not an object"),
        ("text", "the envelope is a string, not an object"),
        (7, "the envelope is a number, not an object"),
        (None, "the envelope is null, not an object"),
        (True, "the envelope is true or false, not an object"),
        ({}, "the envelope has no detail-type"),
        (without("detail-type"), "the envelope has no detail-type"),
        (changed("detail-type", to=""), "the envelope has no detail-type"),
        (
            changed("detail-type", to=["a"]),
            "in the envelope, detail-type is a list, not a string",
        ),
        (without("source"), "the envelope has no source"),
        (
            changed("source", to="aws.events"),
            "the envelope is EventBridge's own notice, not an event from a source",
        ),
        (without("detail"), "the envelope has no detail"),
        (changed("detail", to=None), "the envelope has no detail"),
        (changed("detail", to="{}"), "in the envelope, detail is a string, not an object"),
        (
            without("detail", "eventBody"),
            "detail has neither an eventBody, as Genesys' events have, nor both conversationId and "
            "timestamp, as flat events have",
        ),
        (
            changed("detail", "eventBody", to=[1]),
            "in detail, eventBody is a list, not an object",
        ),
        (
            changed("detail", "topicName", to=7),
            "in detail, topicName is a number, not a string",
        ),
        (
            changed("detail", "eventBody", "conversationId", to=7),
            "in eventBody, conversationId is a number, not a string",
        ),
    ],
)
def test_each_malformed_envelope_has_its_sentence(document: Any, told: str) -> None:
    with pytest.raises(Malformed) as raised:
        parse_event(json.dumps(document), NOW_MS)

    assert sentence(raised.value.reason) == told


@pytest.mark.parametrize("odd", [None, 7, {}, ["a"]])
def test_an_odd_envelope_id_is_no_reason_to_refuse_an_event(odd: Any) -> None:
    as_it_was = parse_event(json.dumps(changed("time", to="")), NOW_MS)

    event = parse_event(json.dumps(changed("id", to=odd)), NOW_MS)

    assert event.envelope_id == ""
    assert event.identity == as_it_was.identity


@pytest.mark.parametrize("body", ["", "not json", "{", "{'a': 1}", "\x00", "<html></html>"])
def test_what_is_not_json_is_reported_as_not_json(body: str) -> None:
    with pytest.raises(Malformed, match=r"^the envelope is not JSON: "):
        parse_event(body, NOW_MS)


def test_a_body_nested_too_deep_is_malformed() -> None:
    bottom: Any = 1
    for _ in range(JSON_DEPTH_MAX):
        bottom = [bottom]

    with pytest.raises(Malformed, match="nested more than"):
        parsed(envelope("acw", deep=bottom))


def test_no_sentence_quotes_what_an_event_says() -> None:
    """Sentences go into logs; events hold names and telephone numbers."""
    for document in (
        changed("detail", "eventBody", "conversationId", to=["tel:+15555550142"]),
        changed("detail", "topicName", to=["tel:+15555550142"]),
        changed("detail", to="tel:+15555550142"),
    ):
        with pytest.raises(Malformed) as raised:
            parsed(document)
        assert "5555550142" not in str(raised.value.reason)


# Anything at all

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.dictionaries(
    st.sampled_from(
        ["id", "source", "detail-type", "time", "detail", "topicName", "eventBody", "eventTime",
         "conversationId", "metadata", "CorrelationId", "correlationId"]
    ),
    anything | st.text(min_size=1),
)  # fmt: skip


@given(members, members, members)
def test_any_json_is_an_event_or_malformed(
    outer: Envelope, detail: dict[str, Any], body: dict[str, Any]
) -> None:
    document = {
        "source": "anywhere",
        "detail-type": "anything",
        **outer,
        "detail": {**detail, "eventBody": body},
    }

    with suppress(Malformed):
        event = parse_event(json.dumps(document), NOW_MS)
        assert len(event.identity) == 26
        assert event.accepted_at_ms <= NOW_MS
        assert view(event, "all")


@given(st.text() | st.binary().map(lambda data: data.decode("utf-8", "replace")))
def test_any_text_is_an_event_or_malformed(body: str) -> None:
    with pytest.raises(Malformed):
        parse_event(body, NOW_MS)


def test_a_topic_with_a_null_body_is_genesys_own_and_broken() -> None:
    """Whoever sent it: an application's detail of its own has no topicName."""
    detail = {"topicName": "v2.users.x.presence", "eventBody": None}

    with pytest.raises(Malformed, match="eventBody"):
        parse_event(
            text({**envelope(NAMES[0]), "source": "shop.example", "detail": detail}), NOW_MS
        )
