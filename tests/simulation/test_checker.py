"""The checker objects to histories that were tampered with."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.kernel.ports import Item
from lambdas.relay.kernel.reasons import Code
from simulation.asking import may_be_parked
from simulation.checker import Account, check
from simulation.endless import NEVER, ending_of
from simulation.history import History
from simulation.memory.queues import Message
from simulation.regimes import BY_NAME
from simulation.restores import Forgotten
from simulation.scenario import Scenario, draw
from simulation.slips import Harm
from simulation.workload import Fact, Kind, marker, numbers_of
from simulation.world import World


def _scenario() -> Scenario:
    """The first one with something rejected and something quarantined, under honoured keys, and
    with no senders but Genesys."""
    for seed in range(1, 400):
        scenario = replace(draw(seed), deploy="none", ending=NEVER)
        if scenario.regime.name == "honoured" and not scenario.told:
            account = check(World(scenario).run(), scenario.regime)
            if account.rejected and account.quarantined and not account.violations:
                return scenario
    raise AssertionError("no seed has what these tests need")


@pytest.fixture(scope="module")
def history() -> History:
    return World(_scenario()).run()


def _checked(history: History) -> Account:
    return check(history, BY_NAME["honoured"])


def _without(documents: Mapping[str, str], folder: str) -> dict[str, str]:
    gone = next(name for name in documents if name.startswith(folder))
    return {name: text for name, text in documents.items() if name != gone}


def test_it_has_no_objection_to_the_history_as_it_was(history: History) -> None:
    assert _checked(history).violations == []


def test_it_sees_an_effect_that_is_gone(history: History) -> None:
    account = _checked(replace(history, effects=history.effects[1:]))
    assert account.lost == 1
    assert "is lost" in account.violations[0]


def test_it_sees_an_effect_twice(history: History) -> None:
    account = _checked(replace(history, effects=[*history.effects, history.effects[0]]))
    assert account.doubled == account.undetected == 1
    assert "took effect 2 times" in account.violations[0]


def test_it_sees_a_swapped_byte(history: History) -> None:
    effect = history.effects[0]
    item = json.loads(json.dumps(effect.item).replace("evt-0", "evt-9"))
    effects = [replace(effect, item=item), *history.effects[1:]]
    assert _checked(replace(history, effects=effects)).lost == 1


def test_it_sees_an_event_that_took_effect_as_something_else(history: History) -> None:
    effect = next(e for e in history.effects if "said" in e.item)
    said = {**effect.item["said"], "large": 9_007_199_254_740_992}
    others = [e for e in history.effects if e is not effect]
    changed = replace(
        history, effects=[*others, replace(effect, item={**effect.item, "said": said})]
    )
    assert "took effect as something else" in _checked(changed).violations[0]


def test_it_sees_a_request_repeated_with_another_body(history: History) -> None:
    call = history.calls[0]
    calls = [*history.calls, replace(call, body=call.body + b" ")]
    assert "two bodies" in _checked(replace(history, calls=calls)).violations[0]


def test_it_sees_a_request_without_an_open_record(history: History) -> None:
    calls = [*history.calls, replace(history.calls[0], record_state="DONE")]
    assert "while its record was DONE" in _checked(replace(history, calls=calls)).violations[0]


@pytest.mark.parametrize("folder", ["review/", "quarantine/"])
def test_it_sees_a_document_that_is_gone(history: History, folder: str) -> None:
    account = _checked(replace(history, documents=_without(history.documents, folder)))
    assert account.violations


def test_only_a_case_that_a_restore_reopened_may_lack_its_document(history: History) -> None:
    case, other = _case("reopened"), _case("another")
    items = {**history.items, **case, **other}
    reopened = replace(history.forgotten, closed={"reopened"})

    account = _checked(replace(history, items=items, forgotten=reopened))

    assert account.violations == ["R#another is MANUAL_REVIEW but its document is not in the vault"]


def test_a_case_that_a_restore_reopened_is_on_the_list_and_does_not_expire(
    history: History,
) -> None:
    items = {**history.items, **_case("reopened", attention="overdue", expires_at=1)}
    reopened = replace(history.forgotten, closed={"reopened"})

    account = _checked(replace(history, items=items, forgotten=reopened))

    assert account.violations == [
        "R#reopened is MANUAL_REVIEW but not on the list for review",
        "R#reopened is MANUAL_REVIEW and will expire",
    ]


def test_what_was_purged_is_lost_if_its_record_or_a_replay_must_bring_it_back(
    history: History,
) -> None:
    number = next(n for e in history.effects for n in numbers_of(json.dumps(e.item)))
    others = [e for e in history.effects if number not in numbers_of(json.dumps(e.item))]
    gone = replace(history, effects=others)
    told = f"event {number} is lost"

    def violations(harm: Harm, forgotten: Forgotten) -> list[str]:
        return _checked(replace(gone, harm=harm, forgotten=forgotten)).violations

    assert violations(Harm(purged={number}), Forgotten()) == []
    assert told in violations(Harm(emptied={number}), Forgotten())
    assert told in violations(Harm(purged={number}), Forgotten(replayed={number}))


@pytest.mark.parametrize(
    ("code", "why", "objects"),
    [
        (Code.PARTS_LEFT, "purged", False),
        (Code.PARTS_LEFT, "forgotten", False),
        (Code.PARTS_LEFT, "", True),
        (Code.UNFORESEEN, "purged", True),
    ],
)
def test_only_a_split_request_may_be_set_aside_although_it_can_be_read(
    history: History, code: Code, why: str, objects: bool
) -> None:
    """Where all messages of its parts were purged, or a restored ledger has forgotten them."""
    number = next(n for e in history.effects for n in numbers_of(json.dumps(e.item)))
    document = json.dumps({"reason": str(code()), "message": marker(number)})
    changed = replace(
        history,
        documents={**history.documents, "quarantine/it.json": document},
        harm=Harm(emptied={number} if why == "purged" else set()),
        forgotten=Forgotten(events={number} if why == "forgotten" else set()),
        dead_lettered={**history.dead_lettered, "events": 0},
    )
    told = f"event {number} is in the quarantine though it can be read"
    assert (told in _checked(changed).violations) == objects


@pytest.mark.parametrize(
    ("is_forgotten", "is_reissued", "objects"),
    [(True, True, False), (True, False, True), (False, True, True)],
)
def test_only_after_a_restore_an_event_may_be_refused_for_another(
    history: History, is_forgotten: bool, is_reissued: bool, objects: bool
) -> None:
    """A key that was used before, for other events, gets the answer that it got then."""
    number = next(n for e in history.effects for n in numbers_of(json.dumps(e.item)))
    pk, reason = "R#anew", str(Code.GENESYS_SAYS("400: an item is not valid"))
    item = {"pk": pk, "sk": "R", "state": "REJECTED", "attention": "review", "reason": reason}
    call = next(call for call in history.calls if number in numbers_of(call.body.decode()))
    before = replace(call, body=b"{}") if is_reissued else call
    changed = replace(
        history,
        calls=[before, *history.calls],
        items={**history.items, (pk, "R"): {**item, "attempt": 0, "due_at": 0}},
        documents={**history.documents, "review/anew.json": marker(number)},
        forgotten=Forgotten(events={number} if is_forgotten else set()),
    )
    told = {f"event {number} counts as rejected, which it never was"}
    assert bool(told & set(_checked(changed).violations)) == objects


def test_it_sees_a_message_that_is_left(history: History) -> None:
    message = Message("m", "{}", {}, 0, 0)
    account = _checked(replace(history, queued={"writes-dead": [message]}))
    assert "stuck in writes-dead" in account.violations[0]


def test_it_sees_a_message_that_sqs_dropped(history: History) -> None:
    account = _checked(replace(history, dropped=[Message("m", "{}", {}, 0, 0)]))
    assert "dropped" in account.violations[0]


def test_a_message_that_kills_every_writer_may_be_dropped_once_a_person_has_its_request(
    history: History,
) -> None:
    pk, number = _in_review(history)
    body = json.dumps({"batch_id": pk.removeprefix("R#"), "marker": marker(number)})
    message = Message("writes-1", body, {}, 0, 0, receives=500)
    doomed = replace(
        history,
        dropped=[message],
        ending=ending_of("kills write"),
        stuck=frozenset({number}),
    )
    assert _dropped(doomed) == 0

    items = {**doomed.items, (pk, "R"): {**doomed.items[pk, "R"], "state": "DONE"}}
    forbidden = (
        replace(doomed, items=items),
        replace(doomed, stuck=frozenset()),
        replace(doomed, ending=ending_of("kills dedup")),
        replace(doomed, ending=NEVER),
        replace(doomed, dropped=[replace(message, receives=0)]),
        replace(doomed, dropped=[replace(message, body="{}")]),
    )
    assert [_dropped(each) for each in forbidden] == [1] * len(forbidden)


def _in_review(history: History) -> tuple[str, int]:
    """The key of a request that a person has, and an event of it."""
    name = next(name for name in history.documents if name.startswith("review/"))
    pk = f"R#{name.removeprefix('review/').removesuffix('.json')}"
    return pk, min(numbers_of(history.documents[name]))


def _dropped(history: History) -> int:
    return sum("was dropped" in each for each in _checked(history).violations)


@pytest.mark.parametrize("state", ["SEALED", "OPEN"])
def test_it_sees_an_orphan(history: History, state: str) -> None:
    account = _checked(_with_record(history, {"state": state}))
    assert "is an orphan" in account.violations[0]


def test_it_sees_a_case_that_is_on_no_list(history: History) -> None:
    account = _checked(_with_record(history, {"state": "MANUAL_REVIEW"}))
    assert "not on the list for review" in account.violations[0]


def test_it_sees_a_run_that_was_cut_short(history: History) -> None:
    account = _checked(replace(history, at_rest=False))
    assert account.violations[0] == "the run did not come to rest"


def test_an_event_that_the_webhook_took_and_that_is_nowhere_is_lost(history: History) -> None:
    sent = _sent(history, "plain", ["503", "200"])
    account = _checked(sent)
    assert account.lost == 1
    assert f"event {NUMBER} is lost" in account.violations


def test_an_event_that_nobody_took_remains_its_senders(history: History) -> None:
    account = _checked(_sent(history, "plain", ["503", "502"]))
    assert (account.not_taken, account.violations) == (1, [])


def test_it_sees_a_valid_event_that_was_turned_away(history: History) -> None:
    account = _checked(_sent(history, "plain", ["401"]))
    assert account.violations == [f"event {NUMBER} was turned away: ['401']"]


def test_it_sees_an_event_that_should_have_been_turned_away(history: History) -> None:
    assert _checked(_sent(history, "refused", ["401"])).violations == []
    account = _checked(_sent(history, "refused", ["200"]))
    assert account.violations == [f"event {NUMBER} had to be turned away: ['200']"]


def test_an_event_whose_acceptance_was_never_heard_counts_like_any_other(history: History) -> None:
    sent = _sent(history, "plain", ["503"])
    effect = replace(history.effects[0], item={"id": "x", "marker": f"evt-{NUMBER:05d}"})
    account = _checked(replace(sent, effects=[*history.effects, effect, effect]))
    assert (account.not_taken, account.doubled) == (0, 1)


def test_it_sees_an_answer_that_means_nothing(history: History) -> None:
    account = _checked(_sent(history, "plain", ["202"]))
    assert account.violations == [f"the sender of event {NUMBER} was answered ['202']"]


def test_a_sender_that_never_gives_up_has_its_event_taken(history: History) -> None:
    account = _checked(_sent(history, "plain", ["503", "503"], persists=True))
    assert account.violations == [f"event {NUMBER} was never taken, however often it was sent"]


def test_a_listed_effect_does_not_explain_that_of_another_request(history: History) -> None:
    effect = history.effects[0]
    stranger = replace(effect, key="another-batch")
    listed = {f"R#{effect.key}": 1}
    twice = replace(history, effects=[*history.effects, stranger], reposts=listed)
    assert check(twice, BY_NAME["ignored"]).undetected == 1
    child = replace(twice, parents={"R#another-batch": effect.key})
    assert check(child, BY_NAME["ignored"]).undetected == 0


def test_where_duplicates_are_allowed_each_must_be_listed(history: History) -> None:
    twice = replace(history, effects=[*history.effects, history.effects[0]])
    ignored = BY_NAME["ignored"]
    assert "no record lists it" in check(twice, ignored).violations[0]
    listed = replace(twice, reposts={f"R#{history.effects[0].key}": 1})
    assert check(listed, ignored).undetected == 0


def test_no_more_may_be_listed_than_was_sent_again(history: History) -> None:
    """Or whatever is doubled later would count as listed."""
    pk = f"R#{history.effects[0].key}"
    begun = history.sendings[pk]
    twice = replace(history, sendings={**history.sendings, pk: begun + 1})
    listed = history.reposts.get(pk, 0) + 1

    assert _checked(replace(twice, reposts={**history.reposts, pk: listed})).violations == []
    for more in (listed + 1, listed + 1_000):
        account = _checked(replace(twice, reposts={**history.reposts, pk: more}))
        told = f"{pk} lists {more} possible duplicates, and was sent {begun + 1} times"
        assert account.violations == [told]


#: the number of an event that nobody else has
NUMBER = 99_999


def _sent(history: History, kind: Kind, answers: list[str], *, persists: bool = False) -> History:
    """The history with an event of an application in it, and what its sender was answered."""
    facts = [*history.facts, Fact(NUMBER, kind, 1, persists)]
    return replace(history, facts=facts, answers={**history.answers, NUMBER: answers})


def _case(batch_id: str, **more: object) -> Mapping[tuple[str, str], Item]:
    """A record that a person has, without its document."""
    key = (f"R#{batch_id}", "R")
    record = {"pk": key[0], "sk": key[1], "state": "MANUAL_REVIEW", "attention": "review"}
    return {key: {**record, **more}}


def _with_record(history: History, changes: Mapping[str, Any]) -> History:
    key = next(k for k, item in history.items.items() if item.get("state") == "DONE")
    return replace(history, items={**history.items, key: {**history.items[key], **changes}})


def test_what_was_never_completed_goes_to_a_person_only_if_somebody_took_its_messages(
    history: History,
) -> None:
    taken = replace(history, harm=Harm(emptied={1}))
    asked = [
        may_be_parked(str(Code.ABANDONED()), number, set(), taken, BY_NAME["honoured"])
        for number in (1, 2)
    ]
    assert asked == [True, False]


@pytest.mark.parametrize(
    "reason",
    [
        "NEVER_HEARD_OF | 7",
        "",
        "UNREADABLE",
        "REDRIVES_EXHAUSTED | no such queue | NO_SLOT",
        "NOT_SENT_ON | no such queue",
        "ATTEMPTS_EXHAUSTED",
        "ATTEMPTS_EXHAUSTED | many",
    ],
)
def test_a_reason_that_it_never_met_is_a_violation_and_no_error(
    history: History, reason: str
) -> None:
    """A next release's code, or one that is cut off."""
    sent = _sent(history, "plain", ["200"])
    document = json.dumps({"reason": reason, "message": marker(NUMBER)})
    parked = replace(
        sent,
        items={**sent.items, **_case("unheard", reason=reason)},
        documents={**sent.documents, "review/unheard.json": document},
    )
    told = f"event {NUMBER} was given to a person: {reason}"
    assert _checked(parked).violations == [told]


@pytest.mark.parametrize(("regime", "accepted"), [("tracked", True), ("honoured", False)])
def test_what_a_restore_marked_and_an_event_showed_goes_to_a_person_and_nothing_else(
    history: History, regime: str, accepted: bool
) -> None:
    restored = replace(history, forgotten=Forgotten(events={1, 2}, told={2}, marked={1}))
    reason = str(Code.MAY_HAVE_TAKEN_EFFECT())
    asked = [may_be_parked(reason, n, set(), restored, BY_NAME[regime]) for n in (1, 2)]
    assert asked == [accepted, False]


def test_what_was_never_completed_goes_to_a_person_beside_an_event_that_kills_every_writer(
    history: History,
) -> None:
    said = str(Code.ABANDONED())
    case = json.dumps({"reason": said, "message": "evt-00001 evt-00002"})
    other = json.dumps({"reason": said, "message": "evt-00003"})
    killed = replace(
        history,
        ending=ending_of("kills write"),
        stuck=frozenset({2}),
        documents={"review/a.json": case, "review/b.json": other},
    )
    silent = replace(killed, ending=ending_of("kills dedup"))
    unread = replace(killed, documents={"review/a.json": case.replace(said, "UNREADABLE | writes")})

    def asked(history: History) -> list[bool]:
        regime = BY_NAME["honoured"]
        return [may_be_parked(said, number, set(), history, regime) for number in (1, 3)]

    assert asked(killed) == [True, False]
    assert asked(silent) == asked(unread) == [False, False]


def test_a_made_event_duplicates_two_genuine_ones_only_if_a_name_was_forgotten() -> None:
    """Seed of a campaign: three effects, of two genuine events under one moment and a made one."""
    scenario = draw(43_000_781)
    history = World(scenario).run()
    assert history.deploy == "forgotten"
    assert check(history, scenario.regime).violations == []

    said = check(replace(history, deploy="none"), scenario.regime).violations
    assert any(each.startswith("event 42 took effect 3 times") for each in said)
