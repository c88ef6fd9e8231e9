"""reconcile: dead letters and overdue records; bounded, repeatable, safe to lose; what it reads."""

import json
import tracemalloc
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from lambdas.relay.assembly.reconcile import reconcile_deps
from lambdas.relay.correlation.checks import event_check, timer
from lambdas.relay.destinations.correlation import CANDIDATES, Compensation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.functions.dedup import Deps as DedupDeps
from lambdas.relay.functions.dedup import dedup
from lambdas.relay.functions.reconcile import Deps, Line, reconcile
from lambdas.relay.functions.redriving import (
    Clear,
    DeadBatch,
    Keep,
    Person,
    Redrive,
    judge_batch,
    judge_message,
)
from lambdas.relay.functions.tally import Result
from lambdas.relay.genesys.circuit_breaker import CircuitBreaker
from lambdas.relay.kernel.limits import (
    ALIGNMENTS_MAX,
    DAY_S,
    FAILURES_MAX,
    GONE_AFTER_S,
    HOUR_S,
    LIVE,
    OVERDUE_S,
    QUERIES_PER_RUN_MAX,
    RECONCILE_EVERY_S,
    RECORDS_PER_RUN_MAX,
    RECOVERY_TRIES_MAX,
    REDRIVES_MAX,
    REDRIVES_PER_RUN_MAX,
    RESENDS_MAX,
    SENDINGS_ON_MAX,
)
from lambdas.relay.kernel.ports import Delivery, Item, Outgoing, Unanswered, Written
from lambdas.relay.kernel.reasons import Code, code_of
from lambdas.relay.kernel.vault_keys import review_key
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.dead_letters import REASON, REDRIVES
from lambdas.relay.messages.quarantine import READ_AGAIN
from lambdas.relay.messages.sealing import Batch, decode, describe, encode, encode_unclaimed
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import opened, opening, sealed_item, settling
from lambdas.relay.requests.states import FINAL, PARKED, SETTLED, State
from lambdas.relay.review.cases import park
from lambdas.relay.review.resolution import Decision, find, resolve
from lambdas.relay.routes.configuration import Configuration
from simulation.memory.settings import MemorySettings
from tests.unit.batches import NOW_MS, batch_of, sealed
from tests.unit.tracked import CONFIRMATION, CREATED, Desk, caused, destination, request

FAR_MS = 10**15


@dataclass
class Office(Desk):
    """Dead letters and overdue records, and the reconciler at work on them."""

    result: Result = field(default_factory=Result)

    def destinations(self) -> dict[str, Destination]:
        plain = replace(destination(None), name="journey")
        return {**super().destinations(), "journey": plain}

    def reconciler(self) -> Deps:
        return replace(reconcile_deps(self.world, self.settings), genesys=self.genesys)

    def run(self, deadline_ms: int = FAR_MS) -> Result:
        deps = self.reconciler()
        self.result = reconcile(deps, deadline_ms)
        return self.result

    def bury(
        self, queue: str, body: str, redrives: int = 0, said: Mapping[str, str] | None = None
    ) -> None:
        said = {REDRIVES: str(redrives), REASON: "Genesys was out of reach", **(said or {})}
        self.world.stored_queue(f"{queue}-dead").send(Outgoing(body, said))

    def left(self, queue: str) -> int:
        return len(self.world.stored_queue(f"{queue}-dead").messages)

    def redriven(self, queue: str) -> list[dict[str, str]]:
        return [dict(m.attributes) for m in self.world.stored_queue(queue).messages.values()]

    def make_due(self, batch: Batch) -> None:
        self.amend(batch, attention="overdue", due_at=self.now_ms // 1000 - 1)

    def overdue_request(self, conversation: str = "c-1", *, tries: int = 0) -> Batch:
        batch = self.accept(request(conversation), tries=tries, genesys_id=conversation)
        self.make_due(batch)
        return batch


# What a dead letter needs


def judged(
    state: State | None = None,
    *,
    redrives: int = 0,
    is_configured: bool = True,
    is_turned_away: bool = False,
    queue: str = "writes",
    age_s: float = HOUR_S,
) -> object:
    return judge_batch(
        queue,
        redrives,
        Code.QUOTED("why"),
        DeadBatch(
            state=state, is_configured=is_configured, is_turned_away=is_turned_away, age_s=age_s
        ),
        backoff_s=60,
    )


def test_a_transient_cause_goes_back_to_work_later_each_time() -> None:
    delays = [judged(redrives=n) for n in range(REDRIVES_MAX)]

    assert delays == [Redrive(60), Redrive(120), Redrive(240)]


def test_what_failed_too_often_goes_to_a_person_with_cause_and_advice() -> None:
    verdict = judged(redrives=REDRIVES_MAX)

    assert isinstance(verdict, Person)
    assert verdict.cause == Code.REDRIVES_EXHAUSTED("writes", Code.QUOTED("why"))
    assert "resolve it as again" in verdict.advice


def test_what_nobody_is_configured_to_take_goes_to_a_person_at_once() -> None:
    verdict = judged(is_configured=False)

    assert isinstance(verdict, Person)
    assert verdict.cause == Code.NOT_CONFIGURED("writes")


def test_nothing_is_redriven_into_a_destination_whose_breaker_is_open() -> None:
    assert isinstance(judged(is_turned_away=True), Keep)
    assert isinstance(judged(is_turned_away=True, redrives=REDRIVES_MAX), Keep)
    # A copy of a split request needs no answer from Genesys, but write would not let it in.
    assert isinstance(judged("SPLIT", is_turned_away=True), Keep)
    assert isinstance(judged("SPLIT"), Redrive)


def test_a_dead_letter_waits_for_a_resting_destination_no_longer_than_sqs_keeps_it() -> None:
    assert isinstance(judged(is_turned_away=True, age_s=GONE_AFTER_S), Person)
    assert isinstance(judged("SPLIT", is_turned_away=True, age_s=GONE_AFTER_S), Person)


def test_what_is_not_claimed_yet_waits_for_no_destination() -> None:
    assert isinstance(judged(queue="batches", is_turned_away=True), Redrive)
    assert isinstance(judged(queue="batches", is_turned_away=True, redrives=REDRIVES_MAX), Person)


@pytest.mark.parametrize("state", sorted((SETTLED | PARKED | FINAL) - {"SPLIT", "MERGED"}))
def test_what_was_done_meanwhile_is_cleared(state: State) -> None:
    assert judged(state) == Clear()


@pytest.mark.parametrize("is_configured", [True, False])
@pytest.mark.parametrize("state", ["SPLIT", "MERGED"])
def test_what_goes_on_in_others_is_redriven_until_they_are_on_their_way(
    state: State, *, is_configured: bool
) -> None:
    """Sending them on needs no destination, but nothing circles for ever."""
    last, beyond = (
        judged(state, redrives=redrives, is_configured=is_configured)
        for redrives in (SENDINGS_ON_MAX - 1, SENDINGS_ON_MAX)
    )
    assert isinstance(last, Redrive)
    assert isinstance(beyond, Person)


def test_what_cannot_be_read_goes_to_a_person_at_once() -> None:
    verdict = judge_message(
        "events", 0, Code.QUOTED("why"), wrong=Code.BATCH_EDITED(), backoff_s=60
    )

    assert isinstance(verdict, Person)
    assert verdict.cause == Code.UNREADABLE("events", Code.BATCH_EDITED())


# Dead letters


def test_a_dead_letter_goes_back_with_its_attributes_and_one_more_redrive() -> None:
    office = Office()
    office.bury("writes", encode(batch_of("a")), said={"topic": "a topic"})

    office.run()

    (attributes,) = office.redriven("writes")
    assert attributes[REDRIVES] == "1"
    assert attributes["topic"] == "a topic"
    assert office.left("writes") == 0
    assert office.result.redriven == 1


def test_a_redrive_by_the_consoles_default_choice_is_resumed_where_it_stopped() -> None:
    """Of all dead letters at once, and not counted: a person wanted it, not the reconciler."""
    office, batches = Office(), [batch_of("a"), batch_of("b")]
    for batch in batches:
        office.seal(batch)
        office.bury("writes", encode(batch))
    office.world.stored_queue("writes-dead").redrive_to_source()

    office.run()

    assert office.left("writes") == 0
    assert [said[REDRIVES] for said in office.redriven("writes")] == ["0", "0"]


def test_after_the_last_redrive_the_request_goes_to_a_person() -> None:
    office, batch = Office(), batch_of("a")
    office.world.table.insert(sealed_item(batch, NOW_MS))
    office.bury("writes", encode(batch), redrives=REDRIVES_MAX)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    document = office.document(review_key(batch.batch_id))
    assert "Genesys was out of reach" in document["reason"]
    assert document["advice"]
    assert (office.left("writes"), office.result.parked) == (0, 1)


def test_a_request_that_somebody_is_sending_is_left_to_them() -> None:
    office = Office()
    batch = office.open(request())
    office.bury("writes", encode(batch), redrives=REDRIVES_MAX)

    office.run()

    assert office.state(batch) == "OPEN"
    assert (office.left("writes"), office.result.kept) == (1, 1)


def test_a_dead_letter_that_nobody_can_read_is_quarantined_with_advice() -> None:
    office = Office()
    office.bury("batches", "{}")
    office.bury("events", "no envelope")

    office.run()

    kept = [office.document(name) for name in office.world.documents]
    assert sorted(document["message"] for document in kept) == ["no envelope", "{}"]
    assert all(document["advice"] for document in kept)
    assert office.left("batches") == office.left("events") == 0


def test_a_dead_letter_that_was_read_again_is_not_quarantined_under_its_old_name() -> None:
    office = Office()
    for said in ({}, {READ_AGAIN: "x"}):
        office.bury("events", "no envelope", said=said)

    office.run()

    assert len(office.world.documents) == 2


def test_events_without_a_route_become_no_request() -> None:
    office = Office()
    (batch,) = sealed([caused()], target=CANDIDATES)
    office.bury("batches", encode(batch), redrives=REDRIVES_MAX)

    office.run()

    assert office.world.table.items == {}
    assert [name.split("/")[0] for name in office.world.documents] == ["quarantine"]


def test_an_event_check_goes_back_to_confirm() -> None:
    office = Office()
    batch = office.accept(request())
    check = event_check(caused(), batch.batch_id)
    office.bury("checks", check.body, said=check.attributes)

    office.run()

    assert [row["batch"] for row in office.redriven("checks")] == [batch.batch_id]


def test_a_timer_s_dead_letter_is_settled_by_its_record() -> None:
    office = Office()
    batch = office.accept(request(), tries=RECOVERY_TRIES_MAX)
    office.genesys.says("agrees")
    office.bury("checks", timer("window", batch.batch_id, 0).body)

    office.run()

    assert office.state(batch) == "RECONCILED"
    assert office.left("checks") == 0
    assert (office.result.cleared, office.result.aligned) == (1, 1)


def test_while_the_breaker_is_open_dead_letters_stay_and_one_may_probe() -> None:
    office = Office()
    circuit_breaker = CircuitBreaker(office.world.ledger, office.world.entropy)
    for _ in range(FAILURES_MAX):
        circuit_breaker.failed("journey", office.now_ms)
    for number in range(5):
        office.bury("writes", encode(batch_of(str(number), nonce=str(number))))

    office.run()
    assert (office.result.redriven, office.result.kept) == (0, 5)

    office.world.timeline.advance(HOUR_S)
    office.run()
    assert (office.result.redriven, office.result.kept) == (1, 4)


def test_a_redriven_message_is_durable_before_its_dead_letter_is_deleted() -> None:
    office = Office()
    office.bury("writes", encode(batch_of("a")))
    office.world.faults.plan("send answer lost")

    with pytest.raises(Exception, match="did not answer"):
        office.run()
    office.world.timeline.advance(HOUR_S)
    office.run()

    assert len(office.redriven("writes")) == 2  # twice is possible, never not at all
    assert office.left("writes") == 0


def test_time_ends_a_run() -> None:
    office = Office()
    office.bury("writes", encode(batch_of("a")))

    office.run(deadline_ms=office.now_ms - 1)

    assert office.result.out_of_time
    assert office.left("writes") == 1


# Overdue records: accepted, and no event


def test_an_overdue_request_is_aligned_with_genesys_truth() -> None:
    office = Office()
    batch = office.overdue_request()
    office.genesys.says("agrees")

    office.run()

    assert office.state(batch) == "RECONCILED"
    assert office.result.states == {"PENDING_EVENT": 1}


def test_a_request_that_never_happened_is_sent_again_verbatim() -> None:
    office = Office()
    batch = office.overdue_request(tries=RECOVERY_TRIES_MAX)
    office.world.timeline.advance(LIVE.quarantine_s + 1)

    office.run()

    (body,) = office.world.bodies("writes")
    assert decode(body) == batch
    item = office.item(batch)
    assert (item["state"], item["lease_until_ms"]) == ("SEALED", 0)
    assert (item["resends"], item["reposts"]) == (1, 1)
    assert office.counted("Resent") == 1


def test_what_genesys_answered_is_asked_for_and_what_it_ignored_proves_nothing() -> None:
    """The platform took the call under an id of its own; ours is unknown to it for ever."""
    office = Office()
    batch = office.accept(request("ours"), tries=RECOVERY_TRIES_MAX, genesys_id="its-own")
    office.make_due(batch)
    office.world.timeline.advance(HOUR_S)

    office.run()

    paths = ["/api/v2/conversations/its-own", "/api/v2/conversations/ours"]
    assert office.genesys.asked == paths
    assert office.state(batch) == "MANUAL_REVIEW"
    assert office.world.bodies("writes") == []
    assert office.counted("Resent") == 0


def test_a_call_is_never_sent_again_because_nothing_is_found() -> None:
    office = Office()
    calls = replace(office.destinations()["calls"], unknown="manual", reaches_people=True)
    office.settings = MemorySettings(Configuration({"calls": calls}, ()))
    batch = office.accept(request(), tries=RECOVERY_TRIES_MAX, genesys_id="c-1")
    office.make_due(batch)
    office.world.timeline.advance(HOUR_S)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    assert office.world.bodies("writes") == []
    assert "as again" not in office.document(review_key(batch.batch_id))["advice"]


def test_a_request_of_an_unknown_destination_waits_a_day_and_then_a_person_has_it() -> None:
    """How it is confirmed is not known here, so that nothing that was heard confirms it."""
    office = Office()
    batch = office.overdue_request()
    office.amend(batch, destination="of the next release", heard_at_ms=NOW_MS)

    office.run()
    assert office.state(batch) == "PENDING_EVENT"
    office.amend(batch, tries=ALIGNMENTS_MAX)
    office.make_due(batch)
    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    assert "NO_DESTINATION | of the next release" in office.item(batch)["reason"]
    assert office.genesys.asked == []


def test_absence_is_believed_only_after_the_quarantine() -> None:
    """R1: a request may take effect after its answer."""
    office = Office()
    batch = office.overdue_request(tries=RECOVERY_TRIES_MAX)
    office.world.timeline.advance(LIVE.quarantine_s - 1)

    office.run()

    assert office.world.bodies("writes") == []
    assert office.state(batch) == "PENDING_EVENT"


def test_absence_is_believed_only_when_it_was_seen_more_than_once() -> None:
    office = Office()
    office.overdue_request()
    office.world.timeline.advance(HOUR_S)

    office.run()

    assert office.world.bodies("writes") == []


def test_what_never_happens_however_often_it_is_accepted_goes_to_a_person() -> None:
    office = Office()
    more = {"resends": RESENDS_MAX, "genesys_id": "c-1"}
    batch = office.accept(request(), tries=RECOVERY_TRIES_MAX, **more)
    office.make_due(batch)
    office.world.timeline.advance(HOUR_S)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    assert code_of(office.item(batch)["reason"]) is Code.NEVER_HAPPENED
    assert decode(office.document(review_key(batch.batch_id))["message"]) == batch


def test_a_reopened_request_whose_message_got_lost_is_sent_from_the_vault() -> None:
    """The reconciler died between reopening and sending."""
    office = Office()
    batch = office.overdue_request(tries=RECOVERY_TRIES_MAX)
    office.world.timeline.advance(HOUR_S)
    office.world.faults.plan("send refused")
    with pytest.raises(Exception, match="did not take"):
        office.run()
    assert office.state(batch) == "SEALED"

    office.world.timeline.advance(OVERDUE_S + 1)
    office.run()

    assert [decode(body) for body in office.world.bodies("writes")] == [batch]


def test_what_differs_is_compensated_where_the_destination_says_how() -> None:
    compensation = Compensation("POST", "/api/v2/conversations/{key}/disconnect", {"why": "wrong"})
    office = Office(replace(CONFIRMATION, compensation=compensation))
    batch = office.overdue_request("c:1")
    office.genesys.says("differs")

    assert office.run().aligned == 1
    office.run()

    (body,) = office.world.bodies("writes")
    made = decode(body)
    assert made.target.path == "/api/v2/conversations/c%3A1/disconnect"
    assert json.loads(made.body()) == {"why": "wrong"}
    assert made.batch_id != batch.batch_id
    assert office.state(made) == "SEALED"
    assert office.item(batch)["compensated_by"] == made.batch_id
    assert office.state(batch) == "RECONCILED"
    assert office.counted("Compensated") == 1


def test_a_compensation_that_was_interrupted_is_not_made_twice() -> None:
    compensation = Compensation("DELETE", "/api/v2/conversations/{key}", {})
    office = Office(replace(CONFIRMATION, compensation=compensation))
    office.overdue_request()
    office.genesys.says("differs")
    office.world.faults.plan("send answer lost")

    with pytest.raises(Exception, match="did not answer"):
        office.run()
    office.run()

    made = {decode(body).batch_id for body in office.world.bodies("writes")}
    assert len(made) == 1


def test_nobody_is_asked_about_a_destination_whose_events_stay_away_altogether() -> None:
    office = Office()
    batches = [office.accept(request(f"c-{n}")) for n in range(20)]
    office.genesys.says("agrees")
    for batch in batches:
        office.end_window(batch)
    asked = len(office.genesys.asked)
    for batch in batches:
        if office.state(batch) == "PENDING_EVENT":
            office.make_due(batch)

    office.run()

    assert len(office.genesys.asked) == asked
    assert office.result.postponed == 11


def test_where_genesys_cannot_be_asked_silence_ends_with_a_person() -> None:
    office = Office(replace(CONFIRMATION, truth=None))
    batch = office.overdue_request(tries=RECOVERY_TRIES_MAX)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    assert office.item(batch).get("locked") is None  # its event may still come


def test_where_nobody_can_tell_a_person_is_asked_after_about_a_day() -> None:
    office = Office()
    batch = office.overdue_request(tries=ALIGNMENTS_MAX)
    office.genesys.answer = Unanswered(Code.QUOTED("no answer"))

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"


def test_the_questions_of_a_run_are_counted() -> None:
    office = Office()
    for number in range(QUERIES_PER_RUN_MAX + 30):
        office.overdue_request(f"c-{number}")
    office.genesys.says("agrees")

    office.run()
    assert len(office.genesys.asked) == QUERIES_PER_RUN_MAX
    assert office.result.out_of_requests

    office.run()
    assert len(office.genesys.asked) == QUERIES_PER_RUN_MAX + 30
    assert office.result.overdue == 0


# Overdue records: never sent, or nobody knows


def test_a_request_whose_message_may_be_somewhere_is_looked_at_again_later() -> None:
    office, batch = Office(), batch_of("a")
    office.world.table.insert(sealed_item(batch, NOW_MS))
    office.world.timeline.advance(OVERDUE_S + 1)

    office.run()

    assert office.state(batch) == "SEALED"
    assert office.result.postponed == 1
    assert office.result.overdue == 1, "what is put off is overdue still"


def test_a_request_whose_message_is_gone_from_every_queue_goes_to_a_person() -> None:
    office, batch = Office(), batch_of("a")
    office.world.table.insert(sealed_item(batch, NOW_MS))
    office.world.timeline.advance(19 * DAY_S)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    assert office.document(review_key(batch.batch_id))["reason"] == str(Code.ABANDONED())


def purged() -> tuple[Office, Batch]:
    """A claimed batch whose message somebody has purged."""
    office, batch = Office(), batch_of("a", "b")
    world = office.world
    deps = DedupDeps(
        world.consumer("batches"),
        world.ledger,
        world.queue("writes"),
        world.queue("checks"),
        destinations=("journey",),
        confirmations={},
        answer_wait_s=0,
    )
    world.stored_queue("batches").send(Outgoing(encode(batch)))
    assert (
        settle_each(
            world.stored_queue("batches").receive(1), lambda d: dedup(d, deps), deps.consumer
        )
        == []
    )
    for name in ("batches", "writes"):
        world.stored_queue(name).messages.clear()
    return office, batch


def test_a_purged_request_is_found_counted_and_sent_again_verbatim_within_the_hour() -> None:
    """Found in use: every copy of its events was a duplicate of it, and a person heard of it after
    18 days, when the archive had forgotten them."""
    office, batch = purged()
    office.world.timeline.advance(OVERDUE_S + 1)

    office.run()

    assert office.world.bodies("batches") == [encode_unclaimed(batch)]
    assert office.result.states == {"SEALED": 1}
    assert office.world.telemetry.counts["OverdueSealed"] == 1


@pytest.mark.parametrize("doubt", [None, NOW_MS])
def test_a_request_that_was_sent_and_purged_is_sent_again_and_write_decides(
    doubt: int | None,
) -> None:
    office, batch = purged()
    office.amend(batch, state="OPEN", attempt=1, holder="h", lease_until_ms=0)
    if doubt:
        office.amend(batch, doubt_since_ms=doubt)
    office.world.timeline.advance(OVERDUE_S + 1)

    office.run()

    assert office.world.bodies("batches") == [encode_unclaimed(batch)]


def test_a_request_that_is_purged_again_and_again_is_overdue_all_the_time_and_ends() -> None:
    office, batch = purged()
    looks = 0
    while office.state(batch) == "SEALED":
        office.world.timeline.advance(RECONCILE_EVERY_S)
        office.run()
        office.world.stored_queue("batches").messages.clear()
        looks += 1
        is_overdue = looks * RECONCILE_EVERY_S >= OVERDUE_S
        assert office.result.overdue + office.result.reviewed == (1 if is_overdue else 0)
        assert looks * RECONCILE_EVERY_S < GONE_AFTER_S + 2 * OVERDUE_S

    assert office.state(batch) == "MANUAL_REVIEW"
    document = office.document(review_key(batch.batch_id))
    assert decode(document["message"]) == batch, "a person can resolve it as again"


def test_requests_that_wait_for_a_destination_that_rests_for_ever_end_with_a_person() -> None:
    """All of them, however many: the breaker lets one a run through, and that is no bound."""
    office, batches = Office(), [batch_of(str(n)) for n in range(12)]
    for batch in batches:
        office.world.table.insert(sealed_item(batch, NOW_MS))
    office.world.timeline.advance(GONE_AFTER_S)
    breaker = CircuitBreaker(office.world.ledger, office.world.entropy)
    for _ in range(FAILURES_MAX):
        breaker.failed("journey", office.now_ms)

    office.run()

    assert {office.state(batch) for batch in batches} == {"MANUAL_REVIEW"}


def test_a_purged_request_whose_destination_was_removed_ends_with_a_person() -> None:
    """Found by the simulation: it was put off for ever, since its message would report it."""
    office, batch = purged()
    office.amend(batch, destination="removed")
    office.world.timeline.advance(OVERDUE_S + 1)
    office.run()
    assert (office.state(batch), office.result.postponed) == ("SEALED", 1)
    office.world.timeline.advance(GONE_AFTER_S)

    office.run()

    assert office.state(batch) == "MANUAL_REVIEW"
    reason = office.document(review_key(batch.batch_id))["reason"]
    assert code_of(reason) is Code.GONE_NOT_CONFIGURED


def split_and_purged() -> tuple[Office, Batch]:
    """As it is after a writer died before it sent the parts, and a person purged its message."""
    office, batch = purged()
    office.amend(
        batch,
        state="SPLIT",
        attempt=1,
        parts=[{"indices": [0], "fate": "again", "reason": "503", "batch_id": "b"}],
    )
    return office, batch


def test_a_split_request_whose_parts_were_never_sent_is_worked_on_again() -> None:
    """Found by the simulation: its record was final, so nobody missed the parts."""
    office, batch = split_and_purged()
    office.world.timeline.advance(OVERDUE_S + 1)

    office.run()

    assert office.world.bodies("batches") == [encode_unclaimed(batch)]
    assert office.state(batch) == "SPLIT"


def test_a_split_request_whose_parts_nobody_sends_ends_in_the_quarantine() -> None:
    """Resolved as again it would deliver what its parts have delivered."""
    office, batch = split_and_purged()
    office.world.timeline.advance(GONE_AFTER_S + 2 * OVERDUE_S)
    for _ in range(REDRIVES_MAX + 2):
        office.run()
        office.world.stored_queue("writes").messages.clear()
        office.world.timeline.advance(RECONCILE_EVERY_S)

    (document,) = [
        json.loads(text)
        for name, text in office.world.documents.items()
        if name.startswith("quarantine/")
    ]
    assert document["reason"] == str(Code.PARTS_LEFT())
    assert decode(document["message"]) == batch
    assert office.result.overdue == 0


def test_a_decision_of_a_person_that_was_interrupted_is_carried_out() -> None:
    office, batch = Office(), batch_of("a")
    world = office.world
    means = {"ledger": world.ledger, "vault": world.vault}
    park(batch, "REJECTED", "why", **means, now_ms=NOW_MS)  # type: ignore[arg-type]
    world.faults.plan("send refused")
    with pytest.raises(Exception, match="did not take"):
        resolve(
            find(batch.batch_id, **means),  # type: ignore[arg-type]
            Decision("again", "me", "mended"),
            **means,  # type: ignore[arg-type]
            writes=world.queue("writes"),
            now_ms=NOW_MS,
        )
    world.timeline.advance(OVERDUE_S + 1)

    office.run()

    (body,) = set(world.bodies("writes"))
    assert [e.identity for e in decode(body).events] == [e.identity for e in batch.events]
    assert "attention" not in office.item(batch)


# Twice at once, and dying


def test_two_runs_at_once_do_nothing_twice() -> None:
    office = Office()
    batch = office.overdue_request(tries=RECOVERY_TRIES_MAX)
    office.world.timeline.advance(HOUR_S)
    get, runs = office.genesys.get, iter([True])

    def ask(*asked):  # type: ignore[no-untyped-def]
        if next(runs, False):
            office.run()  # the other run comes first
        return get(*asked)

    office.genesys.get = ask  # type: ignore[method-assign]
    office.run()

    assert len(office.world.bodies("writes")) == 1
    assert office.item(batch)["resends"] == 1


@pytest.mark.parametrize("call", range(1, 12))
def test_a_run_that_dies_anywhere_leaves_nothing_undone(
    call: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        pass

    office = Office()
    office.genesys.says("agrees")
    office.bury("writes", encode(batch_of("a")))
    overdue_one = office.overdue_request("c-1")
    never = office.overdue_request("c-2", tries=RECOVERY_TRIES_MAX)
    office.world.timeline.advance(HOUR_S)
    calls = iter(range(1, 1_000))

    def step(name: str) -> None:
        if next(calls) == call:
            raise Died

    monkeypatch.setattr(office.world.gate, "step", step)
    with pytest.raises(Died):
        office.run()
    monkeypatch.setattr(office.world.gate, "step", lambda name: None)
    office.world.timeline.advance(HOUR_S)
    office.run()

    assert office.left("writes") == 0
    assert {decode(b).batch_id for b in office.world.bodies("writes")} == {batch_of("a").batch_id}
    assert office.state(overdue_one) == office.state(never) == "RECONCILED"


# The result in one line


def test_a_run_says_in_one_line_what_it_did_and_what_is_left() -> None:
    office = Office()
    office.bury("writes", encode(batch_of("a")))
    office.overdue_request("c-1")
    parked = batch_of("b")
    world = office.world
    park(
        parked,
        "REJECTED",
        Code.QUOTED("why"),
        ledger=world.ledger,
        vault=world.vault,
        now_ms=NOW_MS,
    )
    world.timeline.advance(600)

    result = office.run()

    assert (result.redriven, result.postponed) == (1, 1)
    assert (result.in_review, result.oldest_review_s) == (1, 600)
    assert office.counted("InReview") == 1
    assert office.counted("OldestReviewSeconds") == 600
    assert office.counted("OverduePendingEvent") == 1


def test_a_message_that_nobody_can_read_is_counted_for_as_long_as_it_waits() -> None:
    office = Office()
    kept = "quarantine/x.json"
    office.world.vault.keep(kept, "{}")

    for _ in range(2):  # run by run, or the alarm would end by itself
        assert office.run().in_quarantine == 1
    assert office.counted("InQuarantine") == 2

    office.world.vault.discard(kept)
    assert office.run().in_quarantine == 0


# Scale


class CountingLedger:
    """The memory ledger with what DynamoDB would count; `due` costs what it returns, as an index
    query does."""

    def __init__(self, office: Office) -> None:
        self._inner = office.world.ledger
        self.reads: Counter[str] = Counter()
        #: the attention index: what the real one keeps sorted
        self.listed: dict[tuple[str, str], tuple[str, int]] = {}
        office.world.table._watch = self._watch
        for key, item in office.world.table.items.items():
            self._list(key, item)

    def _watch(self, old: Item | None, new: Item | None) -> None:
        item = new or old
        assert item is not None
        self.listed.pop((item["pk"], item["sk"]), None)
        if new is not None:
            self._list((item["pk"], item["sk"]), new)

    def _list(self, key: tuple[str, str], item: Item) -> None:
        if "attention" in item:
            self.listed[key] = (item["attention"], int(item["due_at"]))

    def due(self, attention: str, before_s: int, most: int) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for key, (listed, due_at) in self.listed.items():
            if listed == attention and due_at <= before_s:
                found.append(key)
                if len(found) == most:
                    break
        self.reads["index"] += len(found)
        return found

    def find(self, keys: Sequence[tuple[str, str]]) -> Sequence[Item | None]:
        self.reads["items"] += len(keys)
        return self._inner.find(keys)

    def of(self, pk: str, begins: str = "") -> Sequence[Item]:
        raise AssertionError("the reconciler queries no partition")

    def insert(self, items: Sequence[Item]) -> Sequence[Written]:
        return self._inner.insert(items)

    def change(self, *arguments):  # type: ignore[no-untyped-def]
        self.reads["writes"] += 1
        return self._inner.change(*arguments)


def counted(office: Office) -> CountingLedger:
    ledger = CountingLedger(office)
    office.world.ledger = ledger  # type: ignore[assignment]
    return ledger


def done_item(number: int) -> Item:
    return {"pk": f"R#done-{number}", "sk": "R", "state": "DONE", "attempt": 1}


def overdue_records(count: int) -> Office:
    office = Office()
    for number in range(count):
        batch = batch_of(f"said {number}", nonce=str(number))
        office.world.table.insert(sealed_item(batch, NOW_MS))
    office.world.timeline.advance(19 * DAY_S)  # their messages are gone: each is decided at once
    return office


def test_ten_thousand_overdue_records_are_cleared_over_the_runs() -> None:
    office = overdue_records(10_000)
    ledger = counted(office)

    runs, states = 0, Counter[str]()
    while runs < 10:
        result = office.run()
        runs += 1
        assert sum(result.states.values()) <= RECORDS_PER_RUN_MAX
        states.update(result.states)
        if result.overdue == 0:
            break

    assert states["SEALED"] == 10_000
    assert runs == 3
    assert all(item["state"] == "MANUAL_REVIEW" for item in office.world.table.items.values())
    # One index entry and one item for each record, and a page or a listing more for each run.
    assert ledger.reads["items"] <= 10_000 + runs * 10
    assert ledger.reads["index"] <= 10_000 + runs * 2_200
    print(f"10,000 overdue records: {runs} runs, {dict(ledger.reads)}")


def test_a_table_ten_times_larger_costs_the_same() -> None:
    costs = []
    for others in (2_000, 20_000):
        office = overdue_records(300)
        for number in range(others):
            item = done_item(number)
            office.world.table.items[item["pk"], item["sk"]] = item
        ledger = counted(office)
        office.run()
        costs.append(dict(ledger.reads))

    assert costs[0] == costs[1]
    print(f"2,300 and 20,300 items: {costs[0]} each")


def test_reads_grow_with_what_is_overdue() -> None:
    costs = {}
    for count in (100, 1_000):
        office = overdue_records(count)
        ledger = counted(office)
        office.run()
        costs[count] = ledger.reads["items"]

    assert costs[100] <= 100 + 10
    assert costs[1_000] <= 1_000 + 10


class DeadLetters:
    """A dead-letter queue that hands out quickly what the memory world shuffles each time."""

    def __init__(self, bodies: Sequence[str]) -> None:
        self.waiting = [
            Delivery(str(n), str(n), body, 1, NOW_MS, {REASON: "why"})
            for n, body in enumerate(bodies)
        ]
        self.held: dict[str, Delivery] = {}

    def receive(self, most: int) -> Sequence[Delivery]:
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        self.held |= {each.message_id: each for each in taken}
        return taken

    def delete(self, delivery: Delivery) -> None:
        del self.held[delivery.message_id]

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.sent = getattr(self, "sent", 0) + len(messages)

    def change_visibility(self, delivery: Delivery, seconds: float) -> None:
        raise AssertionError("the reconciler hides nothing")


def test_thousands_of_dead_letters_are_cleared_over_the_runs_in_constant_memory() -> None:
    """A run holds ten dead letters, however many there are."""
    office, count = Office(), 2 * REDRIVES_PER_RUN_MAX
    dead = DeadLetters([encode(batch_of(f"said {n}", nonce=str(n))) for n in range(count)])
    source = DeadLetters([])
    deps = replace(office.reconciler(), lines=[Line("writes", source, dead)])

    runs, peaks = 0, []
    while dead.waiting and runs < 20:
        tracemalloc.start()
        reconcile(deps, FAR_MS)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        runs += 1

    assert runs == 2
    assert source.sent == count
    assert not dead.held
    assert max(peaks) < 1_000_000
    print(f"{count} dead letters: {runs} runs, at most {max(peaks) / 1e6:.2f} MB in one")


def test_a_dead_letter_tells_a_person_the_same_after_a_redrive() -> None:
    office, batch = Office(), batch_of("a")
    office.bury("writes", encode(batch), said={k: str(v) for k, v in describe(batch).items()})

    office.run()

    (attributes,) = office.redriven("writes")
    assert attributes["identity"] == batch.events[0].identity


def test_an_opened_request_waits_for_the_end_of_its_lease() -> None:
    office = Office()
    batch = office.open(request())
    office.make_due(batch)

    office.run()

    assert office.state(batch) == "OPEN"
    assert office.result.postponed == 1


def test_a_confirming_event_that_was_heard_settles_an_overdue_request() -> None:
    office = Office()
    batch = office.accept(request(), heard_at_ms=5, confirmed_by=CREATED)
    office.make_due(batch)

    office.run()

    assert office.state(batch) == "CONFIRMED"
    assert office.genesys.asked == []


def test_two_conversations_are_listed_although_write_died_before() -> None:
    office = Office(replace(CONFIRMATION, key="answer"))
    heard = {"conversation_id": "c-2", "heard_at_ms": office.now_ms}
    batch = office.accept(request(), genesys_id="c-1", **heard)
    office.make_due(batch)

    office.run()

    assert office.item(batch)["duplicates"] == ["c-2", "c-1"]
    assert (office.state(batch), office.result.reviewed) == ("MANUAL_REVIEW", 1)


def test_a_settled_request_leaves_the_list() -> None:
    """The index lags: an entry of a record that was settled meanwhile costs one read, no more."""
    office = Office()
    batch = office.open(request())
    key = record_key(batch.batch_id)
    now_ms = office.now_ms + 200_000
    written = office.world.table.change(*key, *opening(now_ms, now_ms + 9, "me"))
    lease = opened(written, batch.batch_id, "me", now_ms)
    assert lease is not None
    office.world.table.change(*key, *settling(lease, "DONE", now_ms, Code.QUOTED("accepted")))

    office.run()

    assert office.result.states == {}
