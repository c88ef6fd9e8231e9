"""The account that decides whether a run was good: nothing that went wrong may escape it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.relay.entrances.events import parse_event
from lambdas.relay.errors import Malformed
from local.run.account import Account, Left, settle, verdict, what_it_says
from local.run.lines import read_line
from tests.envelopes import NAMES, Envelope, envelope, republished, text

MALFORMED = ("no json", '{"detail": 7}', text({**envelope(), "detail": {"eventBody": "text"}}))
NOW_MS = 1_767_952_800_000


def effect(document: Envelope) -> dict[str, Any]:
    """What Genesys records when an event took effect."""
    detail = document["detail"]
    attributes = {
        "detailType": document["detail-type"],
        "topic": detail["topicName"],
        "source": document["source"],
        "body": json.dumps(detail["eventBody"]),
    }
    return {"content": {"id": "x", "attributes": attributes}}


def kept(message: str, reason: str = "why") -> str:
    return json.dumps({"reason": reason, "at_ms": 1, "message": message})


class Run:
    """A run in which every event was published twice, and everything went well."""

    def __init__(self) -> None:
        documents = [envelope(name) for name in NAMES]
        self.lines = [read_line(text(d)) for d in documents]
        self.lines += [read_line(text(republished(d))) for d in documents]
        self.lines += [read_line(body) for body in MALFORMED]
        self.effects = [effect(document) for document in documents]
        self.left = Left(tuple(kept(body) for body in MALFORMED), (), (), ())

    def account(self) -> Account:
        return settle(self.lines, self.effects, self.left)


def test_a_good_run_is_clean() -> None:
    account = Run().account()

    assert account.is_clean
    assert account.published == 2 * len(NAMES) + 3
    assert account.unique == account.delivered == account.duplicates == len(NAMES)
    assert account.quarantined == 3
    assert account.examples == ()


def dropped(run: Run) -> None:
    del run.effects[3]


def doubled(run: Run) -> None:
    run.effects.append(run.effects[3])


def swapped(run: Run) -> None:
    attributes = run.effects[3]["content"]["attributes"]
    attributes["body"] = attributes["body"].replace("1555", "1556", 1)


def other_topic(run: Run) -> None:
    run.effects[3]["content"]["attributes"]["topic"] += "x"


def exchanged(run: Run) -> None:
    """Two events' effects under one another's type: as many as there should be."""
    first, second = (run.effects[n]["content"]["attributes"] for n in (3, 4))
    first["detailType"], second["detailType"] = second["detailType"], first["detailType"]


def never_published(run: Run) -> None:
    run.effects.append(effect(envelope("acw", eventTime=1)))


def quarantine_lost(run: Run) -> None:
    run.left = replace(run.left, quarantine=run.left.quarantine[1:])


def quarantined_otherwise(run: Run) -> None:
    run.left = replace(run.left, quarantine=(kept("no jsonn"), *run.left.quarantine[1:]))


def good_one_quarantined(run: Run) -> None:
    run.effects.pop()
    left = (*run.left.quarantine, kept(text(envelope(NAMES[-1]))))
    run.left = replace(run.left, quarantine=left)


def still_under_way(run: Run) -> None:
    run.left = replace(run.left, in_flight=(text(envelope()),))


def unreadable_under_way(run: Run) -> None:
    run.left = replace(run.left, in_flight=("what is this",))


def dead(run: Run) -> None:
    run.left = replace(run.left, dead_letters=(text(envelope()),))


@pytest.mark.parametrize(
    ("corrupt", "expected"),
    [
        (dropped, {"lost": 1, "duplicate_effects": 0}),
        (doubled, {"lost": 0, "duplicate_effects": 1}),
        (swapped, {"lost": 1, "duplicate_effects": 1}),
        (other_topic, {"lost": 1, "duplicate_effects": 1}),
        (exchanged, {"lost": 2, "duplicate_effects": 2}),
        (never_published, {"lost": 0, "duplicate_effects": 1}),
        (quarantine_lost, {"lost": 1, "quarantined": 2}),
        (quarantined_otherwise, {"lost": 1, "quarantined": 2}),
        (good_one_quarantined, {"lost": 1}),
        (still_under_way, {"in_flight": 1, "lost": 0}),
        (unreadable_under_way, {"in_flight": 1}),
        (dead, {"dead_lettered": 1, "lost": 0}),
    ],
)
def test_whatever_went_wrong_is_found_and_spoils_the_run(
    corrupt: Callable[[Run], None], expected: dict[str, int]
) -> None:
    run = Run()
    corrupt(run)

    account = run.account()

    assert not account.is_clean
    for name, count in expected.items():
        assert getattr(account, name) == count, name


@given(st.data())
def test_no_single_change_of_an_effect_escapes(data: st.DataObject) -> None:
    run = Run()
    attributes = data.draw(st.sampled_from(run.effects))["content"]["attributes"]
    body = json.loads(attributes["body"])
    name = data.draw(st.sampled_from(sorted(body)))
    value = data.draw(st.none() | st.integers() | st.text())
    if body[name] == value:
        return
    attributes["body"] = json.dumps({**body, name: value})

    account = run.account()

    assert (account.lost, account.duplicate_effects) == (1, 1)


def test_what_a_person_must_decide_is_neither_lost_nor_delivered() -> None:
    run = Run()
    gone = run.effects.pop()
    sealed = {"events": [["identity", json.dumps(gone["content"])]]}
    run.left = replace(run.left, review=(kept(json.dumps(sealed)),))

    account = run.account()

    assert account.is_clean
    assert (account.rejected, account.delivered) == (1, len(NAMES) - 1)


def test_the_order_of_keys_and_escapes_make_no_difference() -> None:
    run = Run()
    for row in run.effects:
        attributes = row["content"]["attributes"]
        backwards = dict(reversed(json.loads(attributes["body"]).items()))
        attributes["body"] = json.dumps(backwards, indent=2, ensure_ascii=False)

    assert run.account().is_clean


def test_the_same_malformed_line_twice_may_be_kept_once() -> None:
    run = Run()
    run.lines += [read_line(MALFORMED[0])]

    assert run.account().is_clean
    assert run.account().quarantined == 4


def test_the_reader_is_told_of_what_was_lost() -> None:
    run = Run()
    dropped(run)

    assert any(example.startswith("lost: ") for example in run.account().examples)


# The account and the relay, written apart, agree on what an event is

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
places = st.sampled_from(
    [
        ("detail-type",),
        ("source",),
        ("time",),
        ("detail",),
        ("detail", "topicName"),
        ("detail", "eventBody"),
        ("detail", "metadata"),
        ("detail", "eventBody", "conversationId"),
        ("detail", "eventBody", "eventTime"),
        ("detail", "eventBody", "sessionId"),
    ]
)


@st.composite
def variations(draw: st.DrawFn) -> Envelope:
    document = envelope(draw(st.sampled_from([name for name in NAMES if name != "audit"])))
    for path in draw(st.lists(places, max_size=2)):
        place: Any = document
        for name in path[:-1]:
            place = place.get(name) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            continue
        if draw(st.booleans()):
            place[path[-1]] = draw(values)
        else:
            place.pop(path[-1], None)
    return document


def relays_view(document: Envelope) -> str | None:
    try:
        return parse_event(json.dumps(document), NOW_MS).identity
    except Malformed:
        return None


def accounts_view(document: Envelope) -> str | None:
    return what_it_says(read_line(json.dumps(document)).document)


@given(variations(), variations())
def test_the_account_and_the_relay_agree_on_what_is_an_event_and_on_copies(
    one: Envelope, other: Envelope
) -> None:
    for document in (one, other):
        assert (accounts_view(document) is None) == (relays_view(document) is None)
    if relays_view(one) is not None:
        assert (accounts_view(one) == accounts_view(other)) == (
            relays_view(one) == relays_view(other)
        )


@pytest.mark.parametrize("depth", [60, 61, 62, 63, 64, 65, 70])
def test_the_account_and_the_relay_agree_on_how_deep_an_event_may_be(depth: int) -> None:
    bottom: Any = 1
    for _ in range(depth):
        bottom = [bottom]
    document = envelope("acw", deep=bottom)

    assert (accounts_view(document) is None) == (relays_view(document) is None)


def test_a_run_of_no_events_does_not_say_that_they_took_effect() -> None:
    left = Left(tuple(kept(message) for message in MALFORMED), (), (), ())
    settled = settle([read_line(message) for message in MALFORMED], [], left)

    assert settled.is_clean
    assert "No line is an event" in verdict(settled, [])
