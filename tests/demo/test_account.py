"""The account that decides whether a run was good: nothing that went wrong may escape it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.run.account import Account, Left, SetAside, settle, tone, verdict
from demo.run.lines import Line, read_line
from demo.run.sameness import SameContent, count
from tests.envelopes import NAMES, Envelope, envelope, republished, text

MALFORMED = ("no json", '{"detail": 7}', text({**envelope(), "detail": {"eventBody": "text"}}))
NOTHING_LEFT = Left((), (), (), ())


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
    """The effects of two events under each other's type: as many as there should be."""
    first, second = (run.effects[n]["content"]["attributes"] for n in (3, 4))
    first["detailType"], second["detailType"] = second["detailType"], first["detailType"]


def never_published(run: Run) -> None:
    run.effects.append(effect(envelope("acw", eventTime=1)))


def quarantine_lost(run: Run) -> None:
    run.left = replace(run.left, quarantine=run.left.quarantine[1:])


def quarantined_otherwise(run: Run) -> None:
    run.left = replace(run.left, quarantine=(kept("no jsonn"), *run.left.quarantine[1:]))


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
    for name, due in expected.items():
        assert getattr(account, name) == due, name


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


def test_an_event_of_a_file_that_the_relay_sets_aside_is_not_lost_and_is_reported() -> None:
    """Nobody knows whether it is one; it is kept with its reason, so somebody can look."""
    run = Run()
    run.effects.pop()
    left = (*run.left.quarantine, kept(text(envelope(NAMES[-1])), "a strange moment"))
    run.left = replace(run.left, quarantine=left)

    account = run.account()

    assert account.is_clean
    assert (account.quarantined, account.unique, account.lost) == (5, len(NAMES) - 1, 0)
    assert {aside.reason for aside in account.set_aside} == {"why", "a strange moment"}


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


def test_the_reader_learns_what_was_lost() -> None:
    run = Run()
    dropped(run)

    assert any(example.startswith("lost: ") for example in run.account().examples)


# What happened is numbered where it is generated: no notion of sameness decides


def numbered(*happenings: int, **body: Any) -> list[Line]:
    """Lines with one content that describe these happenings."""
    return [Line(text(e := envelope("presence", **body)), e, happening=n) for n in happenings]


def test_a_false_copy_is_a_loss() -> None:
    """The same words twice, at the same time: only the number distinguishes them."""
    account = settle(numbered(1, 2), [effect(envelope("presence"))], NOTHING_LEFT)

    assert (account.unique, account.lost) == (2, 1)


def test_a_false_novelty_is_a_duplicate() -> None:
    effects = [effect(envelope("presence"))] * 2
    account = settle(numbered(1, 1), effects, NOTHING_LEFT)

    assert (account.unique, account.duplicates, account.duplicate_effects) == (1, 1, 1)


def test_a_state_that_comes_back_takes_effect_as_often_as_it_came() -> None:
    effects = [effect(envelope("presence"))] * 2

    assert settle(numbered(1, 2, 2), effects, NOTHING_LEFT).is_clean


def test_an_event_that_happened_and_is_set_aside_spoils_the_run() -> None:
    (line,) = numbered(1)
    account = settle([line], [], replace(NOTHING_LEFT, quarantine=(kept(line.text),)))

    assert (account.misjudged, account.lost, account.quarantined) == (1, 0, 1)
    assert not account.is_clean
    assert verdict(account, []) == "1 event was wrongly set aside."


# Nobody knows what happened in a captured file: the account infers it from the lines


def told(time: str, envelope_id: str, name: str = "presence", **body: Any) -> Line:
    document = {**envelope(name, **body), "id": envelope_id}
    document["detail"]["timestamp"] = time
    return read_line(text(document))


@pytest.mark.parametrize(
    ("lines", "events", "same"),
    [
        # joined, left, joined: the third is another event; it comes once more under its envelope
        # id and once under a new one, with the same detail
        (
            [
                told("9:00", "a", joined=True),
                told("12:00", "b", joined=False),
                told("13:00", "c", joined=True),
                told("13:00", "c", joined=True),
                told("13:00", "d", joined=True),
            ],
            3,
            SameContent(copies=0, events=1),
        ),
        # the content names its own moment: published anew, it is the same event
        ([told("9:00", "a", "acw"), told("9:01", "b", "acw")], 1, SameContent(1, 0)),
        ([told("9:00", "a", "audit"), told("9:01", "b", "audit")], 1, SameContent(1, 0)),
        ([told("9:00", "a", "acw"), told("9:00", "b", "acw")], 1, SameContent(0, 0)),
        ([told("9:00", "a", "acw"), told("9:00", "a", "acw", eventTime=7)], 2, SameContent(0, 0)),
        # an envelope's id joins what its times keep apart, whatever came in between
        (
            [told("9:00", "a"), told("9:01", "b"), told("9:00", "b")],
            1,
            SameContent(copies=1, events=0),
        ),
    ],
)
def test_lines_of_a_file_are_copies_by_the_accounts_own_definition(
    lines: list[Line], events: int, same: SameContent
) -> None:
    account = settle(lines, [], NOTHING_LEFT)

    assert (account.unique, account.duplicates) == (events, len(lines) - events)
    assert account.same_content == same


@pytest.mark.parametrize("name", NAMES)
def test_what_is_published_again_is_a_copy(name: str) -> None:
    document = envelope(name)

    assert count([read_line(text(each)) for each in (document, republished(document))]) == 1


# What was set aside is listed, and the headline says so


def test_every_line_set_aside_is_listed_with_its_place_and_reason() -> None:
    run = Run()
    account = run.account()
    first = len(run.lines) - len(MALFORMED) + 1

    assert account.set_aside == tuple(
        SetAside(f"line {number}", "why") for number in range(first, len(run.lines) + 1)
    )


def test_the_headline_names_lines_set_aside_and_cases_for_a_person() -> None:
    run = Run()
    total = len(run.lines)
    aside = f"Every event took effect once; 3 of {total} lines are set aside, each with the reason."

    assert (verdict(run.account(), []), tone(run.account(), [])) == (aside, "doubt")
    gone = run.effects.pop()
    run.left = replace(run.left, review=(kept(json.dumps([json.dumps(gone["content"])])),))
    assert f"3 of {total} lines are set aside, 1 of {len(NAMES)} events waits for a person" in (
        verdict(run.account(), [])
    )
    assert verdict(run.account(), ["x"]).endswith(", but not all else went as it should.")
    assert tone(run.account(), ["x"]) == "bad"


def test_a_run_with_only_events_is_good() -> None:
    document = envelope()
    account = settle([read_line(text(document))], [effect(document)], NOTHING_LEFT)

    assert verdict(account, []) == "Every event took effect once; nothing is lost."
    assert tone(account, []) == "good"


def test_a_run_of_no_events_does_not_say_that_they_took_effect() -> None:
    left = Left(tuple(kept(message) for message in MALFORMED), (), (), ())
    settled = settle([read_line(message) for message in MALFORMED], [], left)

    assert settled.is_clean
    assert "No line is an event" in verdict(settled, [])
    assert tone(settled, []) == "doubt"
