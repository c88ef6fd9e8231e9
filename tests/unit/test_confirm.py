"""confirm: events win over timers, early ones wait, contradicting ones are flagged, and after
silence Genesys is asked three times."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from lambdas.relay.correlation.checks import event_check
from lambdas.relay.correlation.recovery import ask
from lambdas.relay.destinations.conversations import CANCEL
from lambdas.relay.destinations.correlation import COMPENSATION
from lambdas.relay.genesys.outcomes import Deferred
from lambdas.relay.genesys.truth import NoAnswer
from lambdas.relay.kernel.limits import (
    HELD_MAX,
    LISTED_ON_RECORD_MAX,
    RECOVERY_TRIES_MAX,
    SILENCE_WINDOWS_MIN,
    STRETCHES_MAX,
)
from lambdas.relay.kernel.ports import Answer, Change, Guard, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code, code_of, sentence
from lambdas.relay.kernel.vault_keys import review_key, sealed_key
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.states import FINAL, State
from tests.unit.batches import NOW_MS
from tests.unit.tracked import (
    ASSIGNED,
    CONFIRMATION,
    CREATED,
    ENDED,
    NOT_THERE,
    Desk,
    caused,
    request,
)

UNTIL_END = replace(CONFIRMATION, completed_by=(ENDED,))


# Events


def test_the_event_confirms_the_request() -> None:
    desk = Desk()
    batch = desk.accept(request())

    assert desk.hear(batch, caused(sequence=1))

    item = desk.item(batch)
    assert item["state"] == "CONFIRMED"
    assert CREATED in item["confirmed_by"]
    assert "attention" not in item
    assert "expires_at" in item
    assert desk.counted("Confirmed") == 1


def test_a_confirmed_request_no_longer_needs_its_payload() -> None:
    desk = Desk()
    batch = desk.accept(request())

    desk.hear(batch, caused())

    assert sealed_key(batch.batch_id) not in desk.world.documents


def test_a_repeated_event_changes_nothing() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.hear(batch, caused())
    before = desk.item(batch)

    assert desk.hear(batch, caused())

    assert desk.item(batch) == before
    assert desk.counted("Confirmed") == 1


@pytest.mark.parametrize("state", sorted(FINAL - {"RECONCILED", "CONFIRMED"}))
def test_a_late_event_changes_no_final_record(state: State) -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, state=state)
    before = desk.item(batch)

    assert desk.hear(batch, caused())

    assert desk.item(batch) == before


def test_a_request_of_an_unknown_destination_waits_for_a_function_that_knows_it() -> None:
    """Found by the simulation: a function that was not yet replaced took the first event of a
    conversation for everything that was awaited."""
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, destination="of the next release")

    assert not desk.hear(batch, caused())
    assert not desk.end_window(batch)
    assert desk.state(batch) == "PENDING_EVENT"
    assert "heard_at_ms" not in desk.item(batch)


def test_what_is_settled_waits_for_no_destination_that_was_removed() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, destination="removed", state="CONFIRMED")

    assert desk.hear(batch, caused())


@pytest.mark.parametrize("state", ["TIMEOUT_RECOVERY", "RECONCILED"])
def test_a_late_event_wins_over_recovery(state: State) -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, state=state)

    desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"


def test_a_late_event_takes_the_case_back_from_a_person() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, state="MANUAL_REVIEW", attention="review", reason="why")
    desk.world.documents[review_key(batch.batch_id)] = "{}"

    desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"
    assert review_key(batch.batch_id) not in desk.world.documents


def test_no_event_decides_what_a_person_must_decide_anyway() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.amend(batch, state="MANUAL_REVIEW", attention="review", reason="why", locked=True)

    desk.hear(batch, caused())

    assert desk.state(batch) == "MANUAL_REVIEW"


def test_what_the_loop_guard_held_back_is_no_item_of_the_request() -> None:
    desk = Desk()
    batch = desk.open(request(items=2))
    echoes = {batch.events[1].identity: "another"}
    desk.amend(batch, state="MANUAL_REVIEW", attention="review", reason="why", echoes=echoes)

    desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"


def test_one_event_does_not_show_what_became_of_several_items() -> None:
    desk = Desk()
    batch = desk.open(request(items=3))
    desk.amend(batch, state="MANUAL_REVIEW", attention="review", reason="why")

    desk.hear(batch, caused())

    assert desk.state(batch) == "MANUAL_REVIEW"
    assert CREATED in desk.item(batch)["confirmed_by"]


def test_an_event_before_the_answer_is_noted_and_leaves_the_lease_alone() -> None:
    desk = Desk()
    batch = desk.open(request())
    before = desk.item(batch)

    assert desk.hear(batch, caused())

    item = desk.item(batch)
    assert item["heard_at_ms"] == desk.now_ms
    for name in ("state", "attempt", "holder", "lease_until_ms", "doubt_since_ms"):
        assert item[name] == before[name]


def test_an_event_of_a_request_that_nobody_knows_any_more_is_done() -> None:
    assert Desk().hear(request("forgotten"), caused(conversation="forgotten"))


def test_a_check_that_nobody_can_read_is_set_aside() -> None:
    desk = Desk()

    assert desk.deliver(Outgoing('{"kind": "guess", "batch_id": "b"}'))

    assert desk.counted("Quarantined") == 1


# Parts


def split(desk: Desk, whole: Batch) -> list[Batch]:
    """As write leaves it when it has halved a request and recorded the parts."""
    parts = [whole.part([n]) for n in range(len(whole.events))]
    rows = [{"indices": [n], "batch_id": part.batch_id} for n, part in enumerate(parts)]
    desk.amend(whole, state="SPLIT", parts=rows)
    return [desk.seal(part) for part in parts]


def passed_on(desk: Desk) -> list[str]:
    return [json.loads(body)["batch_id"] for body in desk.world.bodies("checks")]


@pytest.mark.parametrize("name", ["session", "detail_type", "conversation_id", "item"])
def test_a_check_that_no_record_can_hold_is_set_aside(name: str) -> None:
    desk = Desk()
    batch = desk.accept(request())
    document = json.loads(event_check(caused(), batch.batch_id).body)
    document["event"][name] = "half \ud83d"

    assert desk.deliver(Outgoing(json.dumps(document)))

    assert desk.counted("Quarantined") == 1
    assert desk.counted("Unexpected") == 0


def test_a_part_hears_what_its_whole_caused_before_the_split() -> None:
    """Found by the simulation: a part must not wait for, nor do again, what has happened."""
    desk = Desk()
    whole = desk.open(request(items=2))
    first, _ = split(desk, whole)

    desk.hear(whole, caused())
    assert passed_on(desk) == [first.batch_id]

    (check,) = desk.world.bodies("checks")
    desk.deliver(Outgoing(check, {}))
    assert desk.item(first)["heard_at_ms"] > 0


def test_the_only_part_with_its_one_item_hears_everything() -> None:
    desk = Desk(replace(CONFIRMATION, match="correlation"))
    whole = desk.open(request())
    (part,) = split(desk, whole)

    desk.hear(whole, caused(correlation=whole.batch_id))

    assert passed_on(desk) == [part.batch_id]


def test_an_event_of_somebody_elses_conversation_settles_no_part() -> None:
    """Two items may concern it, and the event shows what one of them has brought about."""
    desk = Desk(replace(CONFIRMATION, owned=False))
    whole = desk.open(request(items=2))
    split(desk, whole)

    desk.hear(whole, caused())

    assert passed_on(desk) == []


def test_parts_that_are_not_on_record_yet_are_waited_for() -> None:
    desk = Desk()
    whole = desk.open(request())
    desk.amend(whole, state="SPLIT", parts=[{"indices": [0], "batch_id": "to-come"}])

    assert not desk.hear(whole, caused())


# Contradictions


def test_an_event_that_names_another_conversation_is_flagged_and_not_applied() -> None:
    desk = Desk()
    batch = desk.accept(request())

    assert desk.hear(batch, caused(conversation="c-2", correlation=batch.batch_id))

    item = desk.item(batch)
    assert item["state"] == "PENDING_EVENT"
    assert len(item["contradictions"]) == 1
    assert desk.counted("Contradictions") == 1
    (name,) = [name for name in desk.world.documents if name.startswith("quarantine/")]
    assert "c-2" in desk.document(name)["reason"]


def test_a_contradiction_that_comes_again_is_flagged_once() -> None:
    desk = Desk()
    batch = desk.accept(request())
    for _ in range(3):
        desk.hear(batch, caused(conversation="c-2", correlation=batch.batch_id))

    assert desk.counted("Contradictions") == 1


def test_after_a_repeated_attempt_another_conversation_is_a_duplicate() -> None:
    """It is found by its key and listed to be merged or cancelled, whatever had been decided."""
    desk = Desk()
    batch = desk.accept(request(), attempt=2)
    desk.hear(batch, caused())
    assert desk.state(batch) == "CONFIRMED"

    desk.hear(batch, caused(conversation="c-2", correlation=batch.batch_id))

    item = desk.item(batch)
    assert item["state"] == "MANUAL_REVIEW"
    assert item["attention"] == "review"
    assert item["duplicates"] == ["c-1", "c-2"]
    assert "expires_at" not in item
    assert "cancel" in desk.document(review_key(batch.batch_id))["advice"]
    assert desk.counted("DuplicatesFound") == 1


ANSWERED = replace(CONFIRMATION, key="answer")


@pytest.mark.parametrize("check", ["event", "window"])
def test_two_conversations_are_listed_although_write_died_before_settling(check: str) -> None:
    """An event named one before the answer named another; then write died."""
    desk = Desk(ANSWERED)
    batch = desk.accept(request(), genesys_id="c-1", conversation_id="c-2", heard_at_ms=NOW_MS)

    assert desk.end_window(batch) if check == "window" else desk.hear(batch, caused())

    item = desk.item(batch)
    assert item["state"] == "MANUAL_REVIEW"
    assert item["duplicates"] == ["c-2", "c-1"]
    assert code_of(desk.document(review_key(batch.batch_id))["reason"]) is Code.DUPLICATE


# What slipped through, cancelled where the destination says so

CANCELLED = replace(CONFIRMATION, cancel=CANCEL)


def cancelled(desk: Desk) -> list[str]:
    """The conversations that requests of ours are to end."""
    made = {batch.batch_id: batch for batch in map(decode, desk.world.bodies("writes"))}
    for batch in made.values():
        assert (batch.target.method, batch.events[0].topic) == ("DELETE", COMPENSATION)
        assert desk.state(batch) == "SEALED"
    return [batch.target.path.rpartition("/")[2] for batch in made.values()]


def test_what_a_repeated_attempt_made_again_is_cancelled_and_the_first_stays() -> None:
    desk = Desk(CANCELLED)
    batch = desk.accept(request(), attempt=2)
    desk.hear(batch, caused())
    for conversation in ("c-2", "c-3", "c-2"):
        event = caused(conversation=conversation, correlation=batch.batch_id, said=conversation)
        assert desk.hear(batch, event)

    assert cancelled(desk) == ["c-2", "c-3"]
    assert desk.state(batch) == "CONFIRMED"
    assert desk.item(batch)["duplicates"] == ["c-1", "c-2", "c-3"]
    assert (desk.counted("DuplicatesFound"), desk.counted("DuplicatesCancelled")) == (2, 2)
    assert review_key(batch.batch_id) not in desk.world.documents


@pytest.mark.parametrize("check", ["event", "window"])
def test_of_two_conversations_the_one_that_an_event_names_stays(check: str) -> None:
    desk = Desk(replace(CANCELLED, key="answer"))
    batch = desk.accept(request(), genesys_id="c-1", conversation_id="c-2", heard_at_ms=NOW_MS)

    assert desk.end_window(batch) if check == "window" else desk.hear(batch, caused())

    assert cancelled(desk) == ["c-1"]
    assert desk.state(batch) == "CONFIRMED"


@pytest.mark.parametrize(
    ("heard", "conversation", "gone"),
    [
        ("c-2", "c-1", []),
        ("c-2", "c-2", ["c-1"]),
        ("c-2", "c-3", ["c-1", "c-3"]),
        ("C-1", "c-3", ["c-3"]),
    ],
)
def test_the_conversation_that_was_heard_first_stays(
    heard: str, conversation: str, gone: list[str]
) -> None:
    """Found by the simulation: confirmed by an event of one attempt's conversation, while a person
    had the request, whose answer named another, and perhaps a third attempt's came later."""
    desk = Desk(replace(CANCELLED, key="answer"))
    batch = desk.accept(request(), attempt=2, genesys_id="c-1", conversation_id=heard)
    desk.amend(batch, state="CONFIRMED", attention=None, due_at=None, expires_at=NOW_MS)

    assert desk.hear(batch, caused(conversation=conversation, correlation=batch.batch_id))

    assert cancelled(desk) == gone


@pytest.mark.parametrize(
    ("conversation", "state"), [("c-2", "CONFIRMED"), ("c-1", "TIMEOUT_RECOVERY")]
)
def test_only_the_events_of_the_conversation_that_stays_count(
    conversation: str, state: str
) -> None:
    desk = Desk(replace(CANCELLED, key="answer", completed_by=(ENDED,)))
    batch = desk.accept(request(), genesys_id="c-1", conversation_id="c-2", heard_at_ms=NOW_MS)
    desk.end_window(batch)

    for topic in (CREATED, ASSIGNED, ENDED):
        event = caused(topic, conversation=conversation, correlation=batch.batch_id)
        assert desk.hear(batch, event)

    assert cancelled(desk) == ["c-1"]
    assert desk.state(batch) == state


def test_a_contradiction_after_one_attempt_cancels_nothing() -> None:
    desk = Desk(CANCELLED)
    batch = desk.accept(request())

    desk.hear(batch, caused(conversation="c-2", correlation=batch.batch_id))

    assert cancelled(desk) == []
    assert desk.counted("Contradictions") == 1


def test_cancelling_that_was_interrupted_is_not_done_twice() -> None:
    desk = Desk(CANCELLED)
    batch = desk.accept(request(), attempt=2)
    desk.hear(batch, caused())
    second = caused(conversation="c-2", correlation=batch.batch_id)
    desk.world.faults.plan("send answer lost")

    assert not desk.hear(batch, second)
    assert desk.hear(batch, second)

    assert cancelled(desk) == ["c-2"]
    assert desk.item(batch)["duplicates"] == ["c-1", "c-2"]


def test_more_than_a_record_can_name_go_to_a_person() -> None:
    desk = Desk(CANCELLED)
    batch = desk.accept(request(), attempt=2)
    desk.hear(batch, caused())
    for number in range(2, LISTED_ON_RECORD_MAX + 3):
        name = f"c-{number}"
        desk.hear(batch, caused(conversation=name, correlation=batch.batch_id, said=name))

    assert len(cancelled(desk)) == LISTED_ON_RECORD_MAX - 1
    assert desk.state(batch) == "MANUAL_REVIEW"


def test_what_an_event_names_means_nothing_where_no_answer_names_it() -> None:
    desk = Desk()
    batch = desk.accept(request(), genesys_id="an-id-of-its-own", conversation_id="c-1")

    desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"


# Holding


def test_an_early_event_is_held_in_the_record_and_released_by_its_prerequisite() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())

    desk.hear(batch, caused(ENDED, sequence=3))
    assert [row["detail_type"] for row in desk.item(batch)["held"]] == [ENDED]
    assert desk.timers("hold") == [UNTIL_END.hold_s]
    desk.hear(batch, caused(CREATED, sequence=1))
    assert desk.state(batch) == "PENDING_EVENT"
    desk.hear(batch, caused(ASSIGNED, sequence=2))

    assert desk.state(batch) == "CONFIRMED"
    assert desk.item(batch)["held"] == []
    assert desk.counted("Released") == 1


def test_the_end_alone_completes_nothing() -> None:
    """The published tutorial's mistake: ended before assigned is taken for the end."""
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())

    desk.hear(batch, caused(CREATED, sequence=1))
    desk.hear(batch, caused(ENDED, sequence=3))

    assert desk.state(batch) == "PENDING_EVENT"


def test_a_hold_that_expires_goes_to_a_person() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    desk.hear(batch, caused(ENDED, sequence=3))

    assert desk.end_hold(batch, after_s=UNTIL_END.hold_s)

    item = desk.item(batch)
    assert item["state"] == "MANUAL_REVIEW"
    assert CREATED in item["reason"]
    assert review_key(batch.batch_id) in desk.world.documents
    assert desk.counted("HoldsExpired") == 1


def test_a_person_is_not_left_looking_for_what_came_late() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    desk.hear(batch, caused(ASSIGNED, sequence=2))
    desk.end_hold(batch, after_s=UNTIL_END.hold_s)
    assert CREATED in desk.item(batch)["reason"]

    desk.hear(batch, caused(CREATED, sequence=1))

    assert desk.state(batch) == "MANUAL_REVIEW"
    assert code_of(desk.item(batch)["reason"]) is Code.CAME_LATE


def test_a_reason_that_an_earlier_release_stored_as_a_sentence_is_still_understood() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    desk.hear(batch, caused(ASSIGNED, sequence=2))
    desk.end_hold(batch, after_s=UNTIL_END.hold_s)
    stored = f"{ASSIGNED} came and was held, but not what must precede it: {CREATED}"
    desk.amend(batch, reason=stored)

    desk.hear(batch, caused(CREATED, sequence=1))

    assert code_of(desk.item(batch)["reason"]) is Code.CAME_LATE


def test_a_case_with_another_reason_keeps_it() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    desk.hear(batch, caused(ASSIGNED, sequence=2))
    desk.amend(
        batch,
        state="MANUAL_REVIEW",
        attention="review",
        reason="an earlier attempt may have taken effect",
    )

    desk.hear(batch, caused(CREATED, sequence=1))

    assert desk.item(batch)["reason"] == "an earlier attempt may have taken effect"


def test_a_hold_s_timer_that_comes_too_soon_comes_again() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    desk.hear(batch, caused(ENDED, sequence=3))

    assert not desk.end_hold(batch, after_s=UNTIL_END.hold_s / 2)

    assert desk.state(batch) == "PENDING_EVENT"


def test_what_was_released_in_time_does_not_expire() -> None:
    desk = Desk(UNTIL_END)
    batch = desk.accept(request())
    for topic in (ENDED, CREATED, ASSIGNED):
        desk.hear(batch, caused(topic))

    assert desk.end_hold(batch, after_s=UNTIL_END.hold_s)

    assert desk.state(batch) == "CONFIRMED"


def test_more_early_events_than_fit_wait_in_the_queue() -> None:
    confirmation = replace(UNTIL_END, follows=("v2.*", ASSIGNED, ENDED))
    desk = Desk(confirmation)
    batch = desk.accept(request())
    done = []
    for number in range(HELD_MAX + 2):
        event = caused("v2.detail.events.conversation.{id}.customer.end", said=str(number))
        facts = json.loads(event.facts)
        facts[1] = f"session-{number}"
        done.append(desk.hear(batch, replace(event, facts=json.dumps(facts))))

    assert done == [True] * HELD_MAX + [False] * 2
    assert len(desk.item(batch)["held"]) == HELD_MAX


# Windows


def test_a_window_that_is_still_open_is_waited_for() -> None:
    desk = Desk()
    batch = desk.accept(request())

    assert not desk.end_window(batch, after_s=CONFIRMATION.window_s / 2)

    assert desk.state(batch) == "PENDING_EVENT"
    assert desk.genesys.asked == []


def test_when_the_window_is_over_genesys_is_asked_and_agrees() -> None:
    desk = Desk()
    batch = desk.accept(request("c:1"))
    desk.genesys.says("agrees")

    assert desk.end_window(batch)

    assert desk.state(batch) == "RECONCILED"
    assert desk.genesys.asked == ["/api/v2/conversations/c%3A1"]
    assert "attention" not in desk.item(batch)
    assert sealed_key(batch.batch_id) not in desk.world.documents


def test_what_differs_goes_to_a_person_with_both_sides() -> None:
    desk = Desk(replace(CONFIRMATION, shows=("conversationId",)))
    batch = desk.accept(request())
    desk.genesys.says("differs", state="terminated")

    assert desk.end_window(batch)

    assert desk.state(batch) == "MANUAL_REVIEW"
    assert desk.item(batch)["locked"] is True
    document = desk.document(review_key(batch.batch_id))
    assert document["expected"] == {"c-1": {"conversationId": "c-1"}}
    assert document["found"]["state"] == "terminated"
    assert decode(document["message"]) == batch


def test_more_than_one_under_the_key_is_listed_for_merge_or_cancel() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.genesys.says("agrees", copies=["a", "b"])

    desk.end_window(batch)

    assert desk.state(batch) == "MANUAL_REVIEW"
    assert desk.item(batch)["duplicates"] == ["a", "b"]


def test_one_item_that_is_there_does_not_speak_for_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Though the answer's id is that of the first."""
    desk = Desk()
    batch = desk.accept(request(items=2), genesys_id="c-1")

    def answer(path: str, *_: object) -> Answer:
        said = "agrees" if path.endswith("/c-1") else "absent"
        return Answer(200, {}, json.dumps({"is": said}).encode())

    monkeypatch.setattr(desk.genesys, "get", answer)
    desk.end_window(batch)

    assert desk.state(batch) == "MANUAL_REVIEW"


SILENT: dict[str, Callable[[Desk], None]] = {
    "absent": lambda desk: setattr(desk.genesys, "answer", NOT_THERE),
    "unanswered": lambda desk: setattr(
        desk.genesys, "answer", Unanswered(Code.QUOTED("no answer"))
    ),
    "failing": lambda desk: setattr(desk.genesys, "answer", Answer(503, {}, b"")),
    "a page": lambda desk: setattr(desk.genesys, "answer", Answer(200, {}, b"<html>")),
    "an error under 200": lambda desk: setattr(
        desk.genesys, "answer", Answer(200, {}, b'{"message": "Endpoint request timed out"}')
    ),
    "nothing under 200": lambda desk: setattr(desk.genesys, "answer", Answer(200, {}, b"")),
    "throttled": lambda desk: setattr(
        desk.genesys, "answer", Deferred(Code.QUOTED("429"), 3, 429, False)
    ),
}


@pytest.mark.parametrize("answer", SILENT)
def test_after_three_questions_without_a_result_the_reconciler_takes_over(answer: str) -> None:
    desk = Desk()
    batch = desk.accept(request())
    SILENT[answer](desk)

    for _ in range(RECOVERY_TRIES_MAX):
        assert desk.end_window(batch)

    assert len(desk.genesys.asked) == RECOVERY_TRIES_MAX
    assert desk.state(batch) == "TIMEOUT_RECOVERY"
    assert desk.item(batch)["attention"] == "overdue"
    (dead,) = desk.world.stored_queue("checks-dead").messages.values()
    assert dead.attributes["batch"] == batch.batch_id
    assert "3 times" in sentence(dead.attributes["reason"])


def test_a_404_that_is_not_genesys_own_is_no_absence() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.genesys.answer = Answer(404, {}, b'{"message": "Not Found"}')

    finding = ask(Record.of(desk.item(batch)), CONFIRMATION, desk.deps)

    assert isinstance(finding, NoAnswer)
    assert finding.is_outage


def test_each_question_waits_longer_than_the_one_before() -> None:
    desk = Desk()
    batch = desk.accept(request())
    for _ in range(RECOVERY_TRIES_MAX):
        desk.end_window(batch)

    assert desk.timers("window") == [2 * CONFIRMATION.window_s, 4 * CONFIRMATION.window_s]


def test_a_question_that_was_put_off_is_asked_when_genesys_says_so() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.genesys.answer = Deferred(Code.QUOTED("429"), 300, 429, False)

    desk.end_window(batch)

    assert desk.timers("window") == [300]


def test_an_event_that_comes_between_the_questions_wins() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.end_window(batch)
    desk.hear(batch, caused())

    assert desk.end_window(batch, after_s=100)

    assert desk.state(batch) == "CONFIRMED"
    assert len(desk.genesys.asked) == 1


def test_a_destination_that_cannot_be_asked_ends_with_the_reconciler() -> None:
    desk = Desk(replace(CONFIRMATION, truth=None))
    batch = desk.accept(request())

    for _ in range(RECOVERY_TRIES_MAX):
        desk.end_window(batch)

    assert desk.genesys.asked == []
    assert len(desk.world.bodies("checks-dead")) == 1


def test_a_window_whose_event_was_heard_before_the_answer_confirms() -> None:
    """The crash between the settling and the confirming."""
    desk = Desk()
    batch = desk.accept(request(), heard_at_ms=5)

    assert desk.end_window(batch)

    assert desk.state(batch) == "CONFIRMED"
    assert desk.genesys.asked == []


def test_truth_releases_what_was_held_for_the_lost_event() -> None:
    desk = Desk(replace(CONFIRMATION, follows=(ENDED,)))
    batch = desk.accept(request())
    desk.hear(batch, caused(ENDED))
    desk.genesys.says("agrees")

    desk.end_window(batch)

    assert desk.state(batch) == "RECONCILED"
    assert desk.item(batch)["held"] == []


# Silence


def silent_desk(windows: int) -> tuple[Desk, list[Batch]]:
    desk = Desk()
    batches = [desk.accept(request(f"c-{n}")) for n in range(windows)]
    desk.genesys.says("agrees")
    return desk, batches


def test_when_no_events_come_at_all_questions_pause_and_windows_stretch() -> None:
    desk, batches = silent_desk(SILENCE_WINDOWS_MIN + 10)

    for batch in batches:
        desk.end_window(batch)

    assert len(desk.genesys.asked) == SILENCE_WINDOWS_MIN - 1
    assert desk.counted("SilenceBreakerOpened") == 1
    stretched = [b for b in batches if desk.state(b) == "PENDING_EVENT"]
    assert len(stretched) == 11
    assert all(desk.item(b)["stretches"] == 1 for b in stretched)
    assert desk.timers("window") == [2 * CONFIRMATION.window_s] * 11


def test_one_question_closes_the_breaker_when_genesys_answers() -> None:
    desk, batches = silent_desk(SILENCE_WINDOWS_MIN + 10)
    for batch in batches:
        desk.end_window(batch)
    asked = len(desk.genesys.asked)

    first, second = [b for b in batches if desk.state(b) == "PENDING_EVENT"][:2]
    desk.world.timeline.advance(300)
    desk.end_window(first)
    desk.end_window(second)

    assert len(desk.genesys.asked) == asked + 2
    assert desk.state(first) == desk.state(second) == "RECONCILED"


def test_a_probe_without_an_answer_leaves_the_breaker_open() -> None:
    desk, batches = silent_desk(SILENCE_WINDOWS_MIN + 10)
    for batch in batches:
        desk.end_window(batch)
    asked = len(desk.genesys.asked)

    desk.genesys.answer = Unanswered(Code.QUOTED("no answer"))
    first, second = [b for b in batches if desk.state(b) == "PENDING_EVENT"][:2]
    desk.world.timeline.advance(300)
    desk.end_window(first)
    desk.end_window(second)

    assert len(desk.genesys.asked) == asked + 1
    assert desk.item(second)["stretches"] == 2


def test_a_question_that_is_repeated_is_no_probe() -> None:
    """It was asked before the events stopped: its answer does not say that they are back."""
    desk, batches = silent_desk(SILENCE_WINDOWS_MIN + 10)
    early = desk.accept(request("early"))
    desk.genesys.says("absent")
    desk.end_window(early)
    assert desk.state(early) == "TIMEOUT_RECOVERY"
    desk.genesys.says("agrees")
    for batch in batches:
        desk.end_window(batch)

    desk.end_window(early)
    desk.end_window(next(b for b in batches if desk.state(b) == "PENDING_EVENT"))

    assert desk.state(early) == "RECONCILED"
    assert max(desk.item(b).get("stretches", 0) for b in batches) == 2


def test_a_window_that_was_stretched_for_a_day_is_asked_about_all_the_same() -> None:
    """What confirm sends to itself is not bounded by Lambda, so it has to end by itself."""
    desk, batches = silent_desk(SILENCE_WINDOWS_MIN + 10)
    for batch in batches:
        desk.end_window(batch)
    asked = len(desk.genesys.asked)
    first, second = [b for b in batches if desk.state(b) == "PENDING_EVENT"][:2]
    for batch, stretches in ((first, STRETCHES_MAX - 1), (second, STRETCHES_MAX)):
        key = record_key(batch.batch_id)
        desk.world.ledger.change(*key, Guard(None), Change(put={"stretches": stretches}))

        desk.end_window(batch)

    assert desk.state(first) == "PENDING_EVENT"
    assert desk.state(second) == "RECONCILED"
    assert len(desk.genesys.asked) == asked + 1


def test_a_few_lost_events_among_many_open_no_breaker() -> None:
    desk = Desk()
    desk.genesys.says("agrees")
    for number in range(60):
        batch = desk.accept(request(f"c-{number}"))
        if number % 3:
            desk.hear(batch, caused(conversation=f"c-{number}"))
        else:
            desk.end_window(batch)
        desk.world.timeline.now_ms -= 9_000  # one after another, but at much the same time

    assert desk.counted("SilenceBreakerOpened") == 0
    assert len(desk.genesys.asked) == 20


# Races


def test_a_decision_is_made_anew_if_the_record_changed_meanwhile() -> None:
    """The window is over and the event comes while Genesys is being asked."""
    desk = Desk()
    batch = desk.accept(request())
    desk.genesys.says("agrees")
    get = desk.genesys.get

    def ask(*asked):  # type: ignore[no-untyped-def]
        desk.hear(batch, caused())
        return get(*asked)

    desk.genesys.get = ask  # type: ignore[method-assign]

    assert desk.end_window(batch)

    assert desk.state(batch) == "CONFIRMED"


def test_a_ledger_out_of_reach_leaves_the_message() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.world.faults.plan("ledger throttled")

    assert not desk.hear(batch, caused())
    assert desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"


def test_a_change_whose_answer_got_lost_is_found_to_have_been_made() -> None:
    desk = Desk()
    batch = desk.accept(request())
    desk.world.faults.plan("ledger met itself")

    assert desk.hear(batch, caused())

    assert desk.state(batch) == "CONFIRMED"
