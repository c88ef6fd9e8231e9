"""The account's own idea of an event and the product's: written apart, and never of two minds."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.errors import Malformed
from local.run.account import Left, settle, what_it_says
from local.run.lines import Line

NOW_MS = 1_767_952_800_000
PARTNER = "aws.partner/genesys.com/cloud/org/suffix"

_TIMES: st.SearchStrategy[Any] = st.sampled_from(
    ["2026-01-31T09:30:00Z", "2026-01-31T09:30:00.5+01:00", "2026-02-30T09:30:00Z", "soon",
     "1899-01-01T00:00:00Z", "2026-01-31T09:30:00+24:00", 5, None, True, {}]
)  # fmt: skip
_IDS = st.sampled_from(["a", "b", "", 7, None])
_THINGS: st.SearchStrategy[Any] = st.sampled_from(
    [{}, {"conversationId": "c"}, {"k": "v"}, {"k": 1}, [], None, "x"]
)
_DETAILS = st.fixed_dictionaries(
    {},
    optional={
        "id": _IDS,
        "type": _IDS,
        "occurredAt": _TIMES,
        "createdTime": _TIMES,
        "timestamp": _TIMES,
        "conversationId": _IDS,
        "eventType": _IDS,
        "correlationId": st.sampled_from(["c-1", "c-2", "two words", "c-1\n", 5]),
        "identifiers": _THINGS,
        "attributes": _THINGS,
        "data": _THINGS,
        "metadata": _THINGS,
        "other": _THINGS,
    },
)
_BUSINESS = st.fixed_dictionaries(
    {"type": st.just("t"), "occurredAt": st.just("2026-01-31T09:30:00Z")},
    optional={
        "id": st.sampled_from(["a", "b"]),
        "correlationId": st.sampled_from(["c-1", "c-2"]),
        "identifiers": st.sampled_from([{}, {"k": "v"}]),
        "attributes": st.sampled_from([{}, {"k": "v"}, {"k": [1]}]),
    },
)
_ENVELOPES = st.builds(
    lambda detail, source, kind: {"source": source, "detail-type": kind, "detail": detail},
    _DETAILS | _BUSINESS,
    st.sampled_from([PARTNER, "shop"]),
    st.sampled_from(["t", "u"]),
)


def product_says(envelope: dict[str, Any]) -> tuple[str, str] | None:
    try:
        event = parse_event(json.dumps(envelope), NOW_MS)
    except Malformed:
        return None
    return event.identity, event.payload_hash


@settings(max_examples=500, deadline=None)
@given(_ENVELOPES, _ENVELOPES)
def test_both_see_the_same_events_and_the_same_copies(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    by_product = product_says(first), product_says(second)
    by_account = what_it_says(first), what_it_says(second)

    assert [said is None for said in by_product] == [said is None for said in by_account]
    if None not in by_product:
        assert (by_product[0] == by_product[1]) == (by_account[0] == by_account[1])


def line(detail: dict[str, Any], source: str = "shop") -> Line:
    document = {"id": "x", "source": source, "detail-type": "t", "detail": detail}
    return Line(json.dumps(document), document)


def effect(detail: dict[str, Any], source: str = "shop", topic: str = "t") -> dict[str, Any]:
    body = json.dumps(detail)
    attributes = {"detailType": "t", "topic": topic, "source": source, "body": body}
    return {"content": {"attributes": attributes}}


STEP = {"id": "a", "type": "t", "occurredAt": "2026-01-31T09:30:00Z", "correlationId": "one"}
RETRY = {**STEP, "correlationId": "two"}
NOTHING = Left((), (), (), ())


def test_a_step_that_was_sent_twice_is_to_take_effect_once() -> None:
    account = settle([line(STEP), line(RETRY)], [effect(STEP)], NOTHING)

    assert (account.unique, account.duplicates, account.delivered) == (1, 1, 1)
    assert account.is_clean


def test_a_step_that_took_effect_twice_is_seen() -> None:
    account = settle([line(STEP), line(RETRY)], [effect(STEP), effect(RETRY)], NOTHING)

    assert account.duplicate_effects == 1


def test_a_step_that_went_nowhere_is_seen() -> None:
    assert settle([line(STEP)], [], NOTHING).lost == 1


def test_the_same_words_of_two_senders_are_two_events() -> None:
    both = [line(STEP), line(STEP, "till")]

    assert settle(both, [effect(STEP), effect(STEP, "till")], NOTHING).is_clean
    assert settle(both, [effect(STEP)], NOTHING).lost == 1


def test_a_partners_line_without_an_event_body_belongs_into_the_quarantine() -> None:
    account = settle([line({"topicName": "t"}, PARTNER)], [], NOTHING)

    assert (account.unique, account.lost) == (0, 1)


def test_an_event_body_that_looks_like_a_senders_event_is_genesys_own() -> None:
    body = {"conversationId": "c", "timestamp": "2026-01-31T09:30:00Z", "metadata": 1}
    published = line({"eventBody": body}, PARTNER)

    assert settle([published], [effect(body, PARTNER)], NOTHING).is_clean
