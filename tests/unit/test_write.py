"""write against the simulator: one message, one request, and every way it can end."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from lambdas.relay.destinations.correlation import COMPENSATION, Confirmation
from lambdas.relay.destinations.truth import Truth, stands
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.kernel.backoff import RETRY_AFTER_MAX_S
from lambdas.relay.kernel.limits import ATTEMPTS_MAX, FAILURES_MAX, LIVE, SPLIT_DEPTH_MAX
from lambdas.relay.kernel.ports import Answer, Http, NotSent, Outgoing, Unanswered
from lambdas.relay.kernel.reasons import Code, code_of
from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.record import Record, record_key
from simulator.faults import Conduct
from simulator.items import Poison
from tests.unit.kinds import section
from tests.unit.simulated import (
    CALL,
    JOURNEY,
    Simulated,
    SimulatedHttp,
    configuration,
    envelope,
)
from tests.unit.tracked import NOT_THERE

GENERIC = {"kind": "generic"}
ATTRIBUTES = {"item": {"attributes": {"topic": "detail_type"}}}


def poisoned(world: Simulated, *ids: str, rejects: Any = "batch", status: int = 400) -> None:
    world.platform.poison = Poison(frozenset(ids), "", rejects, status)


def ids_of(world: Simulated, texts: list[str]) -> list[str]:
    """The ids that their items bear."""
    probe = Simulated(world.configuration)
    return [json.loads(event.item)["id"] for event in probe.batch(texts).events]


def test_a_batch_is_one_request_under_its_own_id() -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(50)])
    world.write_all()
    assert world.state(batch) == "DONE"
    assert len(world.taken()) == 50
    (request,) = world.posts()
    assert request.header("idempotency-key") == request.header("x-correlation-id")
    assert request.header("idempotency-key") == batch.batch_id


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_poison_event_is_isolated_by_halving_and_kept_with_genesys_words(status: int) -> None:
    world = Simulated()
    texts = [envelope(n) for n in range(50)]
    bad = ids_of(world, texts)[17]
    poisoned(world, bad, status=status)
    world.batch(texts)
    world.write_all()
    assert len(world.taken()) == 49
    assert bad not in world.taken()
    (document,) = world.in_review()
    assert str(status) in document["reason"]
    assert "invalid" in document["reason"]
    assert len(world.posts()) == 13


def attention(world: Simulated, batch: Batch) -> str:
    return str(world.table.items[record_key(batch.batch_id)].get("attention", ""))


def test_results_per_item_let_the_rest_through_at_once() -> None:
    world = Simulated()
    texts = [envelope(n) for n in range(50)]
    bad = ids_of(world, texts)[17]
    poisoned(world, bad, rejects="endpoint")
    batch = world.batch(texts)
    world.write_all()
    assert (len(world.taken()), len(world.in_review()), len(world.posts())) == (49, 1, 1)
    assert world.state(batch) == "SPLIT"
    assert attention(world, batch) == "", "its parts are on their way"


def test_a_split_request_is_on_the_reconcilers_list_until_its_parts_are_on_their_way() -> None:
    world = Simulated()
    texts = [envelope(n) for n in range(5)]
    poisoned(world, ids_of(world, texts)[1], rejects="endpoint")
    batch = world.batch(texts)
    world.faults.plan("vault refused")
    world.write_once()
    assert (world.state(batch), attention(world, batch)) == ("SPLIT", "overdue")

    world.write_all()

    assert attention(world, batch) == ""
    assert len(world.in_review()) == 1


def test_items_that_failed_for_now_go_on_in_a_child_after_a_while() -> None:
    world = Simulated(conduct=Conduct(item_retryable=0.3))
    world.batch([envelope(n) for n in range(20)])
    world.write_once()
    assert len(world.taken()) < 20
    (message,) = world.stored_queue("writes").messages.values()
    assert message.visible_at_ms == world.timeline.now_ms + 2000

    world.platform.conduct = Conduct()
    world.write_all()
    assert len(set(world.taken())) == len(world.taken()) == 20


def test_a_429_is_obeyed_by_all_writers_and_counts_as_no_attempt() -> None:
    world = Simulated()
    one, other = world.batch([envelope(1)]), world.batch([envelope(2)], "other")
    world.platform.limiter.allowed = 0
    world.write_once()
    assert len(world.posts()) == 1

    second = world.writer()
    world.write_once(second)
    assert len(world.posts()) == 1, "the other writer must not ask either"

    world.platform.limiter.allowed = 300
    world.write_all()
    assert (world.state(one), world.state(other)) == ("DONE", "DONE")
    record = world.table.items[record_key(one.batch_id)]
    assert record.get("deferred", 0) == record["attempt"] - 1
    assert "doubt_since_ms" not in record


def test_a_limit_of_the_destinations_own_leaves_the_other_destinations_alone() -> None:
    world = Simulated(conduct=Conduct(retry_after_s=7200))
    world.batch([envelope(1)])
    world.platform.limiter.allowed = 0
    world.write_once()
    circuit_breaker = CircuitBreaker(world.ledger, world.entropy)
    wait_s = circuit_breaker.turned_away_s("there", world.timeline.now_ms)
    assert RETRY_AFTER_MAX_S - 60 < wait_s <= RETRY_AFTER_MAX_S
    assert circuit_breaker.turned_away_s("elsewhere", world.timeline.now_ms) == 0


def test_a_full_window_is_waited_for_outside_lambda_except_for_its_last_moments() -> None:
    world = Simulated()
    world.settings = replace(world.settings, requests_per_minute=2)
    world.write = world.writer()
    for number in range(4):
        world.batch([envelope(number)], str(number))
    began_ms = world.timeline.now_ms
    for _ in range(4):
        world.write_once()
    assert world.timeline.now_ms - began_ms < 3000, "nobody may sleep through a minute"
    world.write_all()
    assert len(world.taken()) == 4
    # a login, then one request in the first window; two in the next; one in the third
    assert 120 < (world.timeline.now_ms - began_ms) / 1000 < 200


def test_after_failures_in_a_row_nobody_asks_but_a_probe() -> None:
    world = Simulated()
    for number in range(40):
        world.batch([envelope(number)], str(number))
    world.platform.outage(600, "503")
    until_ms = world.timeline.now_ms + 600_000
    while world.timeline.now_ms < until_ms:
        if not world.write_once():
            world.timeline.advance(1)
    failed = [r for r in world.platform.record.requests if r.status == 503]
    assert FAILURES_MAX <= len(failed) < 60
    assert world.telemetry.counts["BreakerOpened"] == 1

    world.write_all(most_s=900)
    assert len(set(world.taken())) == 40


def test_copies_of_what_was_done_long_ago_do_not_keep_the_breaker_open() -> None:
    """Found by the simulation: each of them got the probe and asked nothing, for days."""
    world = Simulated()
    world.batch([envelope(0)])
    (done,) = (m.body for m in world.stored_queue("writes").messages.values())
    world.write_all()
    for number in range(1, 9):
        world.batch([envelope(number)], str(number))
    world.platform.outage(60, "503")
    while world.telemetry.counts["BreakerOpened"] == 0:
        if not world.write_once():
            world.timeline.advance(1)
    for _ in range(100):
        world.stored_queue("writes").send(Outgoing(done))

    world.write_all(most_s=300)

    assert len(world.taken()) == 9


def test_a_copy_of_a_split_request_makes_no_copies_of_its_parts() -> None:
    """Found by the simulation: copies of copies of parts of parts."""
    world = Simulated()
    texts = [envelope(n) for n in range(4)]
    poisoned(world, ids_of(world, texts)[0])
    world.batch(texts)
    (whole,) = (m.body for m in world.stored_queue("writes").messages.values())
    world.write_all()
    requests = len(world.posts())

    world.stored_queue("writes").send(Outgoing(whole))
    world.write_once()

    assert not world.stored_queue("writes").messages
    assert len(world.posts()) == requests


def test_a_writer_with_too_little_time_left_begins_nothing() -> None:
    world = Simulated()
    world.batch([envelope(1)])
    (delivery,) = world.stored_queue("writes").receive(1)
    world.write([delivery], world.timeline.now_ms + int(LIVE.request_s * 1000))
    assert world.posts() == []


@pytest.mark.parametrize(
    ("kind", "listed", "taken"),
    [
        ({**JOURNEY, "unknown": "repost"}, 1, 2),  # may double it, and says so
        ({**JOURNEY, "unknown": "manual"}, 0, 1),  # a person decides
    ],
)
def test_an_unknown_outcome_that_cannot_be_read_back_follows_the_policy(
    kind: dict[str, Any], listed: int, taken: int
) -> None:
    world = Simulated(configuration(kind), Conduct(lost_answer=1.0))
    batch = world.batch([envelope(1)])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()
    assert len(world.taken()) == taken
    assert world.table.items[record_key(batch.batch_id)].get("reposts", 0) == listed
    assert world.telemetry.counts["InDoubtReposted"] == listed
    assert len(world.in_review()) == 1 - listed


class Orders:
    """Answers what is asked of orders; everything else is the simulator's business."""

    def __init__(self, inner: Http, answers: list[Answer]) -> None:
        self._inner, self._answers = inner, answers
        self.asked: list[str] = []

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        if method != "GET":
            return self._inner.send(method, url, headers, body)
        self.asked.append(urlsplit(url).path)
        return self._answers.pop(0)


TRACKED_ORDERS = {
    "kind": "generic",
    "item": {"orderId": "body.order"},
    "confirmation": {
        "match": "entity",
        "topics": ["v2.orders.{id}.changed"],
        "key": "orderId",
        "truth": "/api/v2/orders/{key}",
    },
}
THERE = Answer(200, {}, b'{"id": "o:1"}')


FOREIGN = [
    Answer(404, {}, b"{}"),
    Answer(404, {}, b'{"message": "Not Found"}'),
    Answer(404, {}, b"<html>404 Not Found</html>"),
    Answer(410, {}, b""),
    Answer(200, {}, b'{"message": "Endpoint request timed out"}'),
    Answer(200, {}, b'{"id": "o:1", "success": false}'),
    Answer(200, {}, b""),
    Answer(400, {}, b'{"code": "bad.request", "status": 400, "contextId": "c"}'),
]


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda a: f"{a.status} {a.body[:20]!r}")
def test_what_genesys_did_not_say_about_an_item_neither_repeats_nor_settles_it(
    foreign: Answer,
) -> None:
    world = Simulated(configuration(TRACKED_ORDERS), Conduct(lost_answer=1.0))
    orders = Orders(world.http, [foreign, foreign, THERE])
    world.http, posted = orders, world.http  # type: ignore[assignment]
    world.write = world.writer()
    batch = world.batch([envelope(1, order="o:1")])
    world.write_all()

    assert len(orders.asked) == 3
    assert len([r for r in posted.sent if r.path != "/oauth/token"]) == 1
    assert world.state(batch) == "RECONCILED"


#: no event tells of them
ASKED_ORDERS = {
    "kind": "generic",
    "item": {"orderId": "body.order"},
    "confirmation": {"key": "orderId", "truth": "/api/v2/orders/{key}"},
}


@pytest.mark.parametrize(
    ("orders", "accepted"), [(TRACKED_ORDERS, "PENDING_EVENT"), (ASKED_ORDERS, "DONE")]
)
@pytest.mark.parametrize("unknown", ["manual", "repost"])
@pytest.mark.parametrize(("answer", "sent"), [(THERE, 1), (NOT_THERE, 2)])
def test_where_there_is_a_truth_it_is_asked_before_a_person_is_or_it_is_sent_again(
    orders: dict[str, Any], accepted: str, unknown: str, answer: Answer, sent: int
) -> None:
    """The truth that is asked when an event does not come is also asked before a repetition."""
    world = Simulated(configuration({**orders, "unknown": unknown}), Conduct(lost_answer=1.0))
    asked = Orders(world.http, [answer])
    world.http, posted = asked, world.http  # type: ignore[assignment]
    world.write = world.writer()
    batch = world.batch([envelope(1, order="o:1")])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()

    assert asked.asked == ["/api/v2/orders/o%3A1"]
    assert len([r for r in posted.sent if r.path != "/oauth/token"]) == sent
    assert world.state(batch) == ("RECONCILED" if sent == 1 else accepted)
    assert not world.in_review()


@pytest.mark.parametrize("left_out", [{"echoes": {"another": "a-request"}}, {}], ids=str)
def test_the_record_lists_what_its_request_carries_and_nothing_else(
    left_out: dict[str, Any],
) -> None:
    """What dedup recorded and did not send on, as an echo or as another batch's, is no item."""
    world = Simulated(configuration(TRACKED_ORDERS))
    batch = world.batch([envelope(1, order="o:1")])
    key = record_key(batch.batch_id)
    listed = {"events": ["another", batch.events[0].identity], **left_out}
    expected = {"expected": '[["o:9",{}],["o:1",{}]]'}
    world.table.items[key] = {**world.table.items[key], **listed, **expected}

    world.write_all()

    record = Record.of(world.table.items[key])
    assert (record.state, record.items, record.keys) == ("PENDING_EVENT", 1, ("o:1",))


def test_a_compensating_request_is_not_judged_by_what_its_first_one_made() -> None:
    """The order that differs is there: that says nothing about the request that corrects it."""
    world = Simulated(
        configuration({**TRACKED_ORDERS, "unknown": "repost"}), Conduct(lost_answer=1.0)
    )
    orders = Orders(world.http, [THERE])
    world.http, posted = orders, world.http  # type: ignore[assignment]
    world.write = world.writer()
    batch = world.batch([envelope(1, order="o:1")])
    (message,) = world.stored_queue("writes").messages.values()
    (event,) = batch.events
    message.body = encode(replace(batch, events=(replace(event, topic=COMPENSATION),)))
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()

    assert orders.asked == []
    assert len([r for r in posted.sent if r.path != "/oauth/token"]) == 2
    assert world.state(batch) == "DONE"


def test_what_is_there_and_not_as_it_should_be_is_no_answer() -> None:
    """An empty document: nobody can say what became of the request, so it is not sent again."""
    world = Simulated(configuration(TRACKED_ORDERS), Conduct(lost_answer=1.0))
    orders = Orders(world.http, [Answer(200, {}, b"[]"), THERE])
    world.http, posted = orders, world.http  # type: ignore[assignment]
    world.write = world.writer()
    batch = world.batch([envelope(1, order="o:1")])
    world.write_all()

    assert len(orders.asked) == 2
    assert len([r for r in posted.sent if r.path != "/oauth/token"]) == 1
    assert world.state(batch) == "RECONCILED"


def asking_for_contacts(conduct: Conduct) -> Simulated:
    """Whether a contact was made is asked before it is sent again."""
    world = Simulated(configuration(section("outbound-contacts")), conduct)
    there = world.configuration.destinations["there"]
    truth = Truth(f"{there.path}/{{key}}", stands, is_of_item=True)
    by_id = Confirmation("entity", topics=(), window_s=1, key="id", truth=truth)
    asked = replace(there, confirmation=by_id, is_repeatable=False)
    asking = replace(world.configuration, destinations={"there": asked})
    world.settings = replace(world.settings, configuration=asking)
    world.write = world.writer()
    return world


def test_of_items_that_are_read_back_only_the_missing_ones_are_sent_again() -> None:
    world = asking_for_contacts(Conduct(lost_answer=1.0))
    asked = Orders(world.http, [Answer(200, {}, b'{"id": "a"}'), NOT_THERE])
    world.http, posted = asked, world.http  # type: ignore[assignment]
    world.write = world.writer()
    batch = world.batch([envelope(1), envelope(2)])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()

    sent = [json.loads(r.body or b"") for r in posted.sent if r.path != "/oauth/token"]
    assert [len(items) for items in sent] == [2, 1]
    assert sent[1] == sent[0][1:]
    record = Record.of(world.table.items[record_key(batch.batch_id)])
    assert record.state == "SPLIT"
    assert str(Code.FOUND_PARTLY_TAKEN(1)) in record.history[-1]


def test_a_repeatable_request_is_repeated_and_is_no_possible_duplicate() -> None:
    email = [{"type": "'Email'", "value": "join('', ['c', to_string(body.number), '@x.com'])"}]
    upsert = {"kind": "external-contacts-enrich", "item": {"matchingIdentifiers": email}}
    world = Simulated(configuration(upsert), Conduct(lost_answer=1.0))
    batch = world.batch([envelope(1)])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()
    assert world.state(batch) == "DONE"
    assert world.telemetry.counts["InDoubtReposted"] == 0


def test_what_is_in_doubt_is_looked_for_before_it_is_made_again() -> None:
    world = asking_for_contacts(Conduct(lost_answer=1.0))
    batch = world.batch([envelope(1)])
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()
    assert world.state(batch) == "RECONCILED"
    assert len(world.posts()) == 1


@pytest.mark.parametrize(
    "conduct", [Conduct(lost_answer=1.0), Conduct(lost_request=1.0), Conduct(error=1.0)]
)
def test_a_call_is_made_once_or_a_person_is_asked(conduct: Conduct) -> None:
    """The platform ignores the id that we chose, so that nothing is found under it."""
    calls = {"kind": "conversations", "item": {"phoneNumber": "'tel:+1'", "conversationId": "id"}}
    world = Simulated(configuration(calls), conduct)
    batch = world.batch([envelope(1)])
    send = world.http.send

    def find_nothing(method: str, *request: Any) -> Any:
        absent = Answer(404, {}, b'{"code": "not.found", "contextId": "c"}')
        return absent if method == "GET" else send(method, *request)

    world.http.send = find_nothing  # type: ignore[method-assign, assignment]
    world.write_once()
    world.platform.conduct = Conduct()
    world.write_all()

    assert len(world.posts()) == 1
    assert world.state(batch) == "MANUAL_REVIEW"
    (document,) = world.in_review()
    assert "as again" not in document["advice"]


def test_a_path_that_leads_elsewhere_is_not_called_although_it_was_sealed() -> None:
    """By the previous release, which only quoted what is no id."""
    world = Simulated(configuration({"kind": "participant-attributes", **ATTRIBUTES}))
    batch = world.batch([envelope(1)])
    path = "/api/v2/conversations/../participants/../attributes"
    sealed = replace(batch, target=replace(batch.target, path=path))
    (message,) = world.stored_queue("writes").messages.values()
    message.body = encode(sealed)

    world.write_all()

    assert world.posts() == []
    (document,) = world.in_review()
    assert document["reason"] == str(Code.PATH_LEADS_ELSEWHERE())


def test_a_set_up_that_is_wrong_keeps_the_messages() -> None:
    world = Simulated(conduct=Conduct(forbidden=("journey-external-events",)))
    batch = world.batch([envelope(1)])
    for _ in range(3):
        world.write_once()
        world.timeline.advance(60)
    assert world.state(batch) == "OPEN"
    world.platform.conduct = Conduct()
    world.write_all()
    assert world.state(batch) == "DONE"


def test_items_that_fail_for_ever_as_retryable_end_with_a_person() -> None:
    world = Simulated(conduct=Conduct(item_retryable=1.0))
    world.batch([envelope(1), envelope(2)])
    world.write_all(most_s=86_400)
    assert world.bodies("writes") == []
    (document,) = world.in_review()
    assert document["reason"] == str(Code.ITEMS_FAIL_AGAIN())
    assert len(world.posts()) == SPLIT_DEPTH_MAX + 1


def test_a_batch_that_was_split_too_often_ends_with_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lambdas.relay.functions.attempt.SPLIT_DEPTH_MAX", 0)
    world = Simulated()
    texts = [envelope(1), envelope(2)]
    poisoned(world, ids_of(world, texts)[1])
    batch = world.batch(texts)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    (document,) = world.in_review()
    assert document["reason"].startswith("SPLIT_TOO_OFTEN | GENESYS_SAYS | 400")
    assert world.taken() == []


def test_after_too_many_unknown_outcomes_a_person_decides() -> None:
    world = Simulated(configuration({**JOURNEY, "unknown": "repost"}), Conduct(lost_request=1.0))
    batch = world.batch([envelope(1)])
    world.write_all(most_s=86_400)
    assert world.state(batch) == "MANUAL_REVIEW"
    (document,) = world.in_review()
    assert document["reason"] == str(Code.ATTEMPTS_EXHAUSTED(ATTEMPTS_MAX + 1))
    assert world.table.items[record_key(batch.batch_id)]["reposts"] == ATTEMPTS_MAX


def test_two_conversations_for_one_request_are_listed_for_merge_or_cancel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first attempt's event comes while the second is under way, which makes another."""
    calls = {**CALL, "unknown": "repost"}
    world = Simulated(configuration(calls), Conduct(lost_answer=1.0))
    batch = world.batch([envelope(1)])
    world.write_once()
    world.platform.conduct = Conduct()
    send = world.http.send

    def send_while_an_event_comes(*request: Any) -> Any:
        answer = send(*request)
        record = dict(world.table.items[record_key(batch.batch_id)])
        heard = {"heard_at_ms": world.timeline.now_ms, "conversation_id": "the-first"}
        world.table.items[record_key(batch.batch_id)] = record | heard
        return answer

    monkeypatch.setattr(world.http, "send", send_while_an_event_comes)
    world.write_all()

    record = world.table.items[record_key(batch.batch_id)]
    assert record["state"] == "MANUAL_REVIEW"
    assert record["duplicates"] == ["the-first", record["genesys_id"]]
    (document,) = world.in_review()
    assert code_of(document["reason"]) is Code.DUPLICATE


def test_an_attempt_that_finds_its_event_heard_sends_nothing_and_doubles_nothing() -> None:
    world = Simulated(configuration({**CALL, "unknown": "repost"}), Conduct(lost_answer=1.0))
    batch = world.batch([envelope(1)])
    world.write_once()
    heard = {"heard_at_ms": world.timeline.now_ms, "conversation_id": "c-1"}
    record = dict(world.table.items[record_key(batch.batch_id)])
    world.table.items[record_key(batch.batch_id)] = record | heard

    world.write_all()

    tracked = Record.of(world.table.items[record_key(batch.batch_id)])
    assert (len(world.posts()), tracked.attempt, tracked.may_be_doubled) == (1, 2, False)


def test_the_payload_that_was_kept_in_case_of_a_purge_goes_when_the_request_is_done() -> None:
    world = Simulated()
    batch = world.batch([envelope(1)])
    world.documents[f"sealed/{batch.batch_id}.json"] = "kept"

    world.write_all()

    assert world.state(batch) == "DONE"
    assert not world.documents


@pytest.mark.parametrize(
    ("conduct", "out"),
    [(Conduct(), 0), (Conduct(rate_limited=1.0), 0), (Conduct(lost_answer=1.0), 1)],
)
def test_an_answer_that_has_come_is_no_longer_outstanding(conduct: Conduct, out: int) -> None:
    """What it means is on record by then, and nobody need wait for it."""
    item = {"externalTag": "identity"}
    world = Simulated(configuration({"kind": "conversations", "item": item}), conduct)
    world.batch([envelope(1)])

    world.write_once()

    assert len(json.loads(world.table.items["L#asking#there", "L"]["out"])) == out


def test_a_refusal_after_an_unknown_outcome_goes_to_a_person() -> None:
    """R3: it took effect, and its answer was lost; what refuses it now proves nothing."""

    class LosesTheFirst(SimulatedHttp):
        def send(
            self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
        ) -> Answer | NotSent | Unanswered:
            answer = super().send(method, url, headers, body)
            writes = [each for each in self.sent if "/oauth/" not in each.path]
            return (
                Unanswered(Code.QUOTED("no answer"))
                if len(writes) == 1 and writes[0].path in url
                else answer
            )

    keyed = {**JOURNEY, "unknown": "manual", "key": {"honoured_hours": 24}}
    world = Simulated(configuration(keyed))
    world.http = LosesTheFirst(world.timeline, world.platform)
    world.write = world.writer()
    texts = [envelope(1)]
    batch = world.batch(texts)
    world.write_once()
    assert len(world.taken()) == 1
    poisoned(world, *ids_of(world, texts))

    world.write_all()

    assert world.state(batch) == "MANUAL_REVIEW"
