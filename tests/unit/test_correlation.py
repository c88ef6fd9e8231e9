"""Correlation: how an event is recognised as caused by us, and the loop guard built on it."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from lambdas.relay.correlation.asking import Asking
from lambdas.relay.correlation.entries import (
    SENT_AFTER_S,
    Entry,
    causing,
    entries,
    following,
    keys_named,
)
from lambdas.relay.correlation.loop_guard import ENTERED_LATE_S
from lambdas.relay.correlation.loops import is_loop
from lambdas.relay.destinations.correlation import (
    CANDIDATES,
    COMPENSATION,
    NO_FACTS,
    Compensation,
    Confirmation,
    Facts,
    Match,
    expecting,
    facts_of,
    read_expected,
    read_facts,
)
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.destinations.truth import contains
from lambdas.relay.entrances.events import Event
from lambdas.relay.functions.dedup import Deps, dedup
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.limits import (
    DAY_S,
    FACTS_CHARS_MAX,
    LOOP_WINDOW_S,
    LOOP_WRITES_IN_ALL_MAX,
    LOOP_WRITES_MAX,
    SHOWN_CHARS_MAX,
)
from lambdas.relay.kernel.ports import Item, Written
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import Batch, SealedEvent, Target, decode, encode, seal
from lambdas.relay.requests.record import record_key
from lambdas.relay.requests.sending import sealed_item
from stacks.schema import confirmations
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.tracked import (
    ASSIGNED,
    CONFIRMATION,
    CREATED,
    ENDED,
    TARGET,
    Desk,
    caused,
    request,
)

ATTRIBUTES = "v2.detail.events.conversation.{id}.attributes"
#: somebody else's conversation: one event is ours, and it shows what we wrote
BORROWED = Confirmation(
    "conversation", (ATTRIBUTES,), 10, key="conversation", owned=False, shows=("attributes",)
)


def event(body: Mapping[str, Json], *, topic: str = CREATED, detail_type: str = "") -> Event:
    return Event(
        identity="i",
        is_stamped=False,
        payload_hash="p",
        envelope_id="e",
        entrance="partner",
        source="s",
        detail_type=detail_type or topic,
        topic=topic,
        conversation_id="c-1",
        correlation_id=None,
        accepted_at_ms=NOW_MS,
        occurred_at_ms=NOW_MS,
        body=body,
    )


def entry(batch_id: str, *, met_by: str = "", at_ms: int = 0, shows: Json = None) -> Entry:
    return Entry("M#conversation#c-1", batch_id, "calls", shows or {}, met_by, at_ms)


# What an event says about itself


def test_only_what_somebody_listens_to_is_sealed_with_its_facts() -> None:
    assert facts_of(event({}, topic="v2.users.presence"), [CONFIRMATION]) == ""
    assert facts_of(event({}), [CONFIRMATION]) != ""


def test_facts_travel_with_the_sealed_event() -> None:
    body = {"sessionId": "s-1", "sequenceNumber": 7, "attributes": {"a": "1"}, "secret": "x"}
    topic = "v2.detail.events.conversation.c-1.attributes"
    text = facts_of(event(body, topic=topic, detail_type=ATTRIBUTES), [BORROWED])

    facts = read_facts(replace(caused(), facts=text))

    assert facts == Facts(ATTRIBUTES, "s-1", "c-1", 7, NOW_MS, {"attributes": {"a": "1"}})


@pytest.mark.parametrize("others", [70, 500, 5_000])
@pytest.mark.parametrize("chars", [1, 25, 3_000])
def test_what_we_wrote_is_known_whatever_else_is_shown(others: int, chars: int) -> None:
    ours = {"orderId": "4711", "note": "y" * 5_000}
    shown = {f"field{n:04}": "x" * chars for n in range(others)} | ours
    listening = replace(BORROWED, writes=frozenset(ours))

    text = facts_of(event({"attributes": shown}, topic=ATTRIBUTES), [listening])
    facts = read_facts(replace(caused(), facts=text))

    assert contains(facts.shows, {"attributes": ours})
    assert not contains(facts.shows, {"attributes": {"orderId": "4712"}})
    assert not contains(facts.shows, {"attributes": {"note": "y" * 4_999}})
    assert len(text) < 2 * FACTS_CHARS_MAX


def test_what_a_mapping_writes_is_known_from_the_configuration() -> None:
    def row(name: str, attributes: Json) -> dict[str, Json]:
        return {"name": name, "destination": "there", "item": {"attributes": attributes}}

    destinations = {"there": {"kind": "participant-attributes"}}
    said = parse(
        {
            "destinations": destinations,
            "routes": [row("a", {"k": "body.k"}), row("b", {"l": "body.l"})],
        }
    )
    unsaid = parse({"destinations": destinations, "routes": [row("a", "body.attributes")]})

    assert said.confirmations["there"].writes == frozenset({"k", "l"})
    assert unsaid.confirmations["there"].writes is None


def test_a_personal_name_is_no_key_of_an_entry_or_a_record() -> None:
    """Genesys makes UUIDs: no event of its own will name the conversation so."""
    batch, other = (
        arriving(caused(conversation=conversation), target=TARGET)
        for conversation in ("tel:+4930901820", "c-2")
    )

    assert entries(other, BORROWED, NOW_MS, sent_at_ms=NOW_MS)
    assert entries(batch, BORROWED, NOW_MS, sent_at_ms=NOW_MS) == []
    assert "4930901820" not in str(expecting(batch, BORROWED))


def test_a_long_expectation_is_kept_in_part_and_never_fits_everything() -> None:
    item = {"attributes": {f"k{n}": "v" * 1_000 for n in range(200)}}
    batch = arriving(replace(caused(), item=canonical(item)), target=TARGET)
    (row,) = read_expected(expecting(batch, BORROWED)["expected"])

    assert 0 < len(canonical(row.shows)) <= 2 * SHOWN_CHARS_MAX
    assert contains(item, row.shows)
    assert not contains({"attributes": {"another": "x"}}, row.shows)


def test_an_event_that_nobody_listens_to_has_no_facts() -> None:
    assert read_facts(replace(caused(), facts="")) == NO_FACTS


@pytest.mark.parametrize(
    ("document", "part", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": None}, False),
        ({"a": [1, 2]}, {"a": [1]}, False),
        ({}, {}, True),
        ({"a": "5", "b": "true"}, {"a": 5, "b": True}, True),
        ("text", {}, False),
    ],
)
def test_an_answer_contains_what_was_expected(document: Json, part: Json, expected: bool) -> None:
    assert contains(document, part) is expected


# What a request is expected to bring about


def test_the_expected_outcome_is_stored_before_the_request() -> None:
    """dedup stores it before there is a message to write."""
    desk, batch = Desk(replace(CONFIRMATION, shows=("conversationId",))), request("c-1")
    desk.world.faults.plan("send refused")

    assert not deduplicate(desk, batch)

    assert desk.world.bodies("writes") == []
    item = desk.item(batch)
    (row,) = read_expected(item["expected"])
    assert (item["state"], item["attempt"]) == ("SEALED", 0)
    assert (row.key, row.shows) == ("c-1", {"conversationId": "c-1"})


def test_a_key_that_only_the_answer_gives_is_open_until_then() -> None:
    confirmation = replace(CONFIRMATION, key="answer")
    batch = request()

    assert [r.key for r in read_expected(expecting(batch, confirmation)["expected"])] == [""]
    assert entries(batch, confirmation, NOW_MS) == []
    (item,) = entries(batch, confirmation, NOW_MS, answered="c-9")
    assert (item["pk"], Entry.of(item).batch_id) == ("M#conversation#c-9", batch.batch_id)


def test_every_item_of_a_request_leads_to_it() -> None:
    items = entries(request(items=3), CONFIRMATION, NOW_MS)

    assert len({item["pk"] for item in items}) == 3
    assert len({item["sk"] for item in items}) == 1


def test_a_compensating_request_awaits_nothing() -> None:
    batch = request()
    (made,) = seal(
        TARGET,
        [replace(each, topic=COMPENSATION) for each in batch.events],
        now_ms=NOW_MS,
        nonce="n",
        most_events=1,
        most_bytes=9_999,
    )

    assert expecting(made, CONFIRMATION) == {}
    assert entries(made, CONFIRMATION, NOW_MS) == []


def test_matched_by_our_own_id_a_request_needs_no_entry() -> None:
    assert entries(request(), Confirmation("correlation", ("*",), 10), NOW_MS) == []


# Which request an event belongs to


def chosen(met: SealedEvent, *found: Entry, owned: bool = True) -> str:
    confirmation = replace(CONFIRMATION, owned=owned)
    cause = causing(met, read_facts(met), found, {"calls": confirmation})
    return "" if cause is None else cause.batch_id


def test_an_event_goes_to_the_request_that_it_has_met_before() -> None:
    met = caused()

    assert chosen(met, entry("a"), entry("b", met_by=met.identity)) == "b"


def test_of_several_requests_the_one_that_the_event_names_is_meant() -> None:
    assert chosen(caused(correlation="b"), entry("a"), entry("b", at_ms=9)) == "b"


def test_of_several_requests_the_oldest_that_waits_is_meant() -> None:
    found = entry("a", met_by="another"), entry("c", at_ms=3), entry("b", at_ms=2)

    assert chosen(caused(), *found) == "b"


def test_a_request_whose_items_went_on_in_others_is_meant_last() -> None:
    assert chosen(caused(), replace(entry("a"), is_past=True), entry("b", at_ms=9)) == "b"


def test_every_event_of_a_conversation_that_we_made_is_our_doing() -> None:
    assert chosen(caused(), entry("a", met_by="another")) == "a"


def test_of_each_type_one_event_is_ours() -> None:
    met = replace(entry("a"), met_by="another", met={ENDED: "another"})

    assert chosen(caused(), met, owned=False) == "a"
    assert chosen(caused(), replace(met, met={CREATED: "another"}), owned=False) == ""


def test_what_happened_long_after_the_answer_is_news() -> None:
    over = replace(entry("a"), over_ms=NOW_MS - 1)

    assert chosen(caused(), over, owned=False) == ""
    assert chosen(caused(), replace(over, over_ms=NOW_MS), owned=False) == "a"


def test_the_letter_case_of_ids_does_not_matter() -> None:
    facts = replace(read_facts(caused()), entity="E-1")

    assert keys_named(caused(conversation="C-1"), facts, {"conversation", "entity"}) == [
        "M#conversation#c-1",
        "M#entity#e-1",
    ]
    assert entries(request("C-1"), CONFIRMATION, NOW_MS)[0]["pk"] == "M#conversation#c-1"
    assert chosen(caused(correlation="ABC"), entry("b"), entry("abc", at_ms=9)) == "abc"


def test_of_somebody_else_s_conversation_one_event_is_ours() -> None:
    assert chosen(caused(), entry("a", met_by="another"), owned=False) == ""


def test_an_event_that_does_not_show_what_we_wrote_is_not_ours() -> None:
    found = entry("a", shows={"attributes": {"k": "ours"}})

    assert chosen(caused(shows={"attributes": {"k": "theirs"}}), found) == ""
    assert chosen(caused(shows={"attributes": {"k": "ours", "l": "more"}}), found) == "a"


def test_what_is_only_followed_was_not_caused_by_us() -> None:
    met = caused(ENDED)

    assert chosen(met, entry("a")) == ""
    assert following(read_facts(met), [entry("a")], {"calls": CONFIRMATION}) == ["a"]


def test_a_key_is_looked_up_where_entries_can_be() -> None:
    met = caused()
    facts = replace(read_facts(met), entity="e-1")

    assert keys_named(met, facts, {"conversation"}) == ["M#conversation#c-1"]
    assert keys_named(met, facts, {"entity"}) == ["M#entity#e-1"]
    assert keys_named(replace(met, conversation_id=""), facts, {"conversation"}) == []


# The loop guard


def arriving(*events: SealedEvent, target: Target = TARGET, nonce: str = "arriving") -> Batch:
    (batch,) = seal(target, events, now_ms=NOW_MS, nonce=nonce, most_events=50, most_bytes=500_000)
    return batch


def deduplicate(desk: Desk, batch: Batch) -> bool:
    world = desk.world
    assert desk.confirmation is not None
    deps = Deps(
        consumer=world.consumer("batches"),
        ledger=world.ledger,
        writes=world.queue("writes"),
        checks=world.queue("checks"),
        destinations=("calls", "sink"),
        confirmations={"calls": desk.confirmation},
        answer_wait_s=70,
    )
    arrived = world.deliver(encode(batch), to="batches")
    is_settled = not settle_each(arrived, lambda d: dedup(d, deps), deps.consumer)
    # Once its visibility timeout is over it would be handed out instead of the next one.
    for delivery in arrived:
        world.stored_queue("batches").delete(delivery)
    return is_settled


def asking(desk: Desk) -> Asking:
    return Asking(desk.world.ledger, desk.world.entropy, ["calls"])


def ask(desk: Desk, batch_id: str, seconds: float) -> None:
    """Its answer can be outstanding for so long."""
    asking(desk).enter(batch_id, desk.now_ms + int(seconds * 1000), desk.now_ms)


def take_out(desk: Desk, batch_id: str) -> None:
    asking(desk).take_out(batch_id, desk.now_ms, desk.world.telemetry)


def told(desk: Desk) -> list[str]:
    """The requests that confirm hears about."""
    return [json.loads(body)["batch_id"] for body in desk.world.bodies("checks")]


def written(desk: Desk) -> list[str]:
    return [event["topic"] for body in desk.world.bodies("writes") for event in _events(body)]


def _events(body: str) -> list[dict[str, str]]:
    return [{"topic": row[4]} for row in json.loads(body)["events"]]


def test_what_our_request_caused_confirms_it_and_is_not_written() -> None:
    desk = Desk()
    batch = desk.accept(request())

    assert deduplicate(desk, arriving(caused()))

    assert told(desk) == [batch.batch_id]
    assert written(desk) == []


def test_two_events_of_what_we_made_are_ours_in_one_batch_as_well() -> None:
    """The second meets an entry that the first has just met."""
    desk = Desk()
    batch = desk.accept(request())

    deduplicate(desk, arriving(caused(), caused(said="once more")))

    assert told(desk) == [batch.batch_id] * 2
    assert written(desk) == []


def test_what_none_of_our_requests_caused_is_written() -> None:
    desk = Desk()
    desk.accept(request())

    deduplicate(desk, arriving(caused(conversation="another")))

    assert told(desk) == []
    assert written(desk) == [CREATED]


@pytest.mark.parametrize("match", ["conversation", "correlation"])
def test_what_is_only_followed_is_news_though_it_has_our_correlation_id(match: Match) -> None:
    desk = Desk(replace(CONFIRMATION, match=match, owned=False))
    batch = desk.accept(request())

    deduplicate(desk, arriving(caused(ENDED, correlation=batch.batch_id)))

    assert (told(desk), written(desk)) == ([batch.batch_id], [ENDED])


def test_what_no_destination_hears_is_news_though_it_has_our_correlation_id() -> None:
    desk = Desk()
    batch = desk.accept(request())
    presence = replace(caused("v2.users.{id}.presence", correlation=batch.batch_id), facts="")

    deduplicate(desk, arriving(presence))

    assert (told(desk), written(desk)) == ([], ["v2.users.{id}.presence"])


def test_a_request_of_the_next_release_may_have_caused_whatever_a_destination_hears() -> None:
    desk = Desk()
    batch = desk.accept(replace(request(), target=replace(request().target, destination="new")))

    deduplicate(desk, arriving(caused(correlation=batch.batch_id, conversation="c-9")))

    assert (told(desk), written(desk)) == ([batch.batch_id], [])


@pytest.mark.parametrize(
    ("before_s", "is_ours"), [(SENT_AFTER_S, True), (SENT_AFTER_S + 1, False), (57 * 60, False)]
)
def test_what_happened_before_a_request_was_not_caused_by_it(before_s: int, is_ours: bool) -> None:
    desk = Desk(replace(CONFIRMATION, owned=False))
    batch = desk.accept(request())
    facts: list[Json] = [CREATED, "", "", None, desk.now_ms - before_s * 1000, {}]

    deduplicate(desk, arriving(replace(caused(), facts=canonical(facts))))

    assert (told(desk), written(desk)) == (([batch.batch_id], []) if is_ours else ([], [CREATED]))


@pytest.mark.parametrize("later_s", [30 * 60, 3 * DAY_S, 20 * DAY_S])
def test_a_customer_who_comes_back_is_news(later_s: int) -> None:
    """The request made the conversation, not what becomes of it."""
    desk = Desk(replace(CONFIRMATION, owned=False))
    batch = desk.accept(request())
    deduplicate(desk, arriving(caused()))
    desk.world.timeline.advance(later_s)
    again = replace(caused(said="again"), accepted_at_ms=desk.now_ms)

    deduplicate(desk, arriving(again, nonce="again"))
    deduplicate(desk, arriving(again, nonce="a copy"))

    assert told(desk) == [batch.batch_id]
    assert written(desk) == [CREATED]


def test_a_customer_who_comes_back_is_news_though_the_first_event_never_came() -> None:
    desk = Desk(replace(CONFIRMATION, owned=False))
    desk.accept(request())
    desk.world.timeline.advance(30 * 60)
    happened: list[Json] = ["conversation:created", "", "", None, desk.now_ms, {}]

    deduplicate(desk, arriving(replace(caused(), facts=canonical(happened))))

    assert written(desk) == [CREATED]


def test_a_refused_request_has_caused_nothing() -> None:
    desk = Desk(replace(CONFIRMATION, owned=False))
    batch = desk.accept(request())
    key = record_key(batch.batch_id)
    desk.world.table.items[key] = {**desk.world.table.items[key], "state": "REJECTED"}

    deduplicate(desk, arriving(caused()))

    assert written(desk) == [CREATED]


@pytest.mark.parametrize("fate", ["refused", "again"])
def test_an_item_that_its_request_left_out_has_caused_nothing(fate: str) -> None:
    """Found by the simulation: somebody else's event of that conversation was taken for ours."""
    desk = Desk(replace(CONFIRMATION, owned=False))
    batch = desk.accept(request(items=2))
    left_out = {"indices": [0], "fate": fate, "reason": "", "batch_id": "part"}
    desk.amend(batch, state="SPLIT", parts=[left_out])

    deduplicate(desk, arriving(caused(), caused(conversation="c-1.1")))

    assert (told(desk), written(desk)) == ([batch.batch_id], [CREATED])


def test_an_item_left_out_after_a_lost_answer_may_have_caused_something() -> None:
    desk = Desk(replace(CONFIRMATION, owned=False))
    batch = desk.accept(request(items=2))
    left_out = {"indices": [0], "fate": "refused", "reason": "", "batch_id": "part"}
    desk.amend(batch, state="SPLIT", parts=[left_out], attempt=2)

    deduplicate(desk, arriving(caused()))

    assert (told(desk), written(desk)) == ([batch.batch_id], [])


def test_a_request_of_a_destination_that_only_the_next_release_names_is_ours() -> None:
    """Found by the simulation: a function that was not yet replaced wrote the echo back."""
    desk = Desk()
    batch = desk.accept(replace(request(), target=replace(request().target, destination="new")))

    deduplicate(desk, arriving(caused()))

    assert (told(desk), written(desk)) == ([batch.batch_id], [])


def test_a_request_that_was_never_sent_has_caused_nothing() -> None:
    desk = Desk()
    desk.seal(request())

    deduplicate(desk, arriving(caused()))

    assert told(desk) == []
    assert written(desk) == [CREATED]


def test_what_came_before_the_answer_is_known_by_the_key_that_we_chose() -> None:
    desk = Desk()
    batch = desk.open(request())

    deduplicate(desk, arriving(caused()))

    assert told(desk) == [batch.batch_id]


def test_events_wait_while_the_answer_that_will_give_their_key_is_outstanding() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "60_000", 60)

    assert not deduplicate(desk, arriving(caused()))

    assert written(desk) == []
    assert desk.world.table.items.keys() == {("L#asking#calls", "L")}


def test_the_later_of_two_outstanding_answers_is_waited_for() -> None:
    """Writers overlap, and a write of the ledger can land late."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "60_000", 60)
    ask(desk, "10", 0.01)
    desk.world.timeline.advance(30)

    assert not deduplicate(desk, arriving(caused()))


def test_the_first_two_that_say_so_at_once_are_both_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    world, insert, met = desk.world, desk.world.table.insert, False

    def insert_second(item: Item) -> Written:
        nonlocal met
        if not met:
            met = True
            ask(desk, "other", 60)
        return insert(item)

    monkeypatch.setattr(world.table, "insert", insert_second)
    ask(desk, "one", 10)
    take_out(desk, "one")

    assert not deduplicate(desk, arriving(caused()))


def test_when_the_answer_has_come_nothing_waits_for_it() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "one", 60)
    assert not deduplicate(desk, arriving(caused()))
    take_out(desk, "one")

    assert deduplicate(desk, arriving(caused(), nonce="later"))

    assert written(desk) == [CREATED]


def test_the_answer_to_another_request_ends_no_waiting() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "one", 60)
    ask(desk, "other", 60)
    take_out(desk, "other")

    assert not deduplicate(desk, arriving(caused()))


def test_only_the_event_that_nobody_can_judge_yet_waits() -> None:
    """Its neighbours go on in a batch of their own, and when the answer has come, it does too."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "one", 60)
    news = [replace(caused(said=str(n)), facts="") for n in range(3)]

    assert deduplicate(desk, arriving(caused(), *news))
    again = [decode(body) for body in desk.world.bodies("batches") if body]
    others, alone = again[-2:]
    assert [len(batch.events) for batch in (others, alone)] == [3, 1]
    assert deduplicate(desk, others)
    assert not deduplicate(desk, alone)
    assert len(written(desk)) == 3

    take_out(desk, "one")
    assert deduplicate(desk, alone)
    assert sorted(told(desk) + written(desk)) == [CREATED, *[CREATED] * 3]


def test_what_another_run_has_decided_meanwhile_does_not_wait_separately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message came twice: the other run has recorded its batch, so this one does as it did."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "one", 60)
    batch = arriving(caused(), replace(caused(said="news"), facts=""))
    insert = desk.world.table.insert

    def recorded_meanwhile(item: Item) -> Written:
        if item.get("state") == "MERGED":
            insert(sealed_item(batch, desk.now_ms))
        return insert(item)

    monkeypatch.setattr(desk.world.table, "insert", recorded_meanwhile)

    assert deduplicate(desk, batch)
    assert sorted(written(desk)) == [CREATED, CREATED]


def test_an_answer_that_comes_while_the_event_is_looked_at_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Outstanding answers are read first: one that is no longer outstanding has left its entry."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "one", 60)
    batch, of = request(), desk.world.table.of

    def answered_meanwhile(pk: str) -> list[Item]:
        found = of(pk)
        take_out(desk, "one")
        return found

    monkeypatch.setattr(desk.world.table, "of", answered_meanwhile)
    desk.seal(batch)

    assert not deduplicate(desk, arriving(caused()))


def test_outstanding_answers_of_the_previous_release_are_known() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    marker = {"pk": "M#asking#calls", "sk": "M", "state": "ASKING"}
    desk.world.table.insert({**marker, "lease_until_ms": desk.now_ms + 60_000})

    assert not deduplicate(desk, arriving(caused()))


def test_an_event_waits_no_longer_than_an_answer_can_take() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "600_000", 600)
    desk.world.timeline.advance(70)

    assert deduplicate(desk, arriving(caused()))

    assert written(desk) == [CREATED]


def test_an_event_waits_for_no_request_that_was_made_after_it() -> None:
    """In a busy hour an answer is always out: an event would wait as long as one can take."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "before", 60)
    event = replace(caused(), accepted_at_ms=desk.now_ms)
    desk.world.timeline.advance(ENTERED_LATE_S)
    ask(desk, "perhaps before, by its clock", 60)
    desk.world.timeline.advance(0.001)
    ask(desk, "after", 60)
    ask(desk, "and later", 60)
    take_out(desk, "before")

    assert not deduplicate(desk, arriving(event))
    take_out(desk, "perhaps before, by its clock")
    assert deduplicate(desk, arriving(event, nonce="again"))
    assert written(desk) == [CREATED]


def test_an_event_waits_for_what_the_previous_release_has_sent() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    event = replace(caused(), accepted_at_ms=desk.now_ms)
    desk.world.timeline.advance(60)
    ask(desk, "when", 60)
    key = ("L#asking#calls", "L")
    item = desk.world.table.items[key]
    desk.world.table.items[key] = {name: item[name] for name in item if name != "since"}

    assert not deduplicate(desk, arriving(event))


def test_an_answer_is_outstanding_under_every_name_of_its_destination() -> None:
    """Found by the simulation: after a roll-back nobody waited for what went to the new name."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    renamed = Asking(desk.world.ledger, desk.world.entropy, ["new", "calls"])
    renamed.enter("a batch", desk.now_ms + 30_000, desk.now_ms)

    assert not deduplicate(desk, arriving(caused()))

    renamed.take_out("a batch", desk.now_ms, desk.world.telemetry)
    assert deduplicate(desk, arriving(caused()))


def test_with_no_outstanding_answer_nothing_waits() -> None:
    desk = Desk(replace(CONFIRMATION, key="answer"))
    ask(desk, "1", -0.001)

    assert deduplicate(desk, arriving(caused()))


def test_a_batch_that_comes_again_keeps_what_was_decided() -> None:
    """The entry came in between: the same id must not go out with other events."""
    desk = Desk(replace(CONFIRMATION, key="answer"))
    batch = arriving(caused(), caused(said="else", conversation="c-2"))
    deduplicate(desk, batch)
    before = desk.world.bodies("writes")
    made = desk.accept(request(), genesys_id="c-1")
    for item in entries(made, desk.confirmation, desk.now_ms, answered="c-1"):
        desk.world.table.insert(item)

    deduplicate(desk, batch)

    assert desk.world.bodies("writes") == before * 2


def test_a_followed_event_goes_to_confirm_and_is_written() -> None:
    desk = Desk()
    batch = desk.accept(request())

    deduplicate(desk, arriving(caused(ASSIGNED)))

    assert told(desk) == [batch.batch_id]
    assert written(desk) == [ASSIGNED]


def test_a_repeated_event_meets_its_own_request_again() -> None:
    """It does not take the place of a second request's event."""
    desk = Desk(replace(BORROWED, topics=(CREATED,), shows=()))
    first = desk.accept(_note("c-1", "a"))
    second = desk.accept(_note("c-1", "b"))

    deduplicate(desk, arriving(caused(said="x"), nonce="1"))
    deduplicate(desk, arriving(caused(said="x"), nonce="2"))
    deduplicate(desk, arriving(caused(said="y"), nonce="3"))

    assert sorted(told(desk)) == sorted([first.batch_id] * 2 + [second.batch_id]) or sorted(
        told(desk)
    ) == sorted([second.batch_id] * 2 + [first.batch_id])


def _note(conversation: str, said: str) -> Batch:
    batch = request(conversation)
    events = [replace(each, conversation_id=conversation) for each in batch.events]
    return arriving(*events, nonce=said)


def test_events_without_a_route_confirm_and_end_there() -> None:
    desk = Desk()
    batch = desk.accept(request())
    others = caused(conversation="another")

    assert deduplicate(desk, arriving(caused(), others, target=CANDIDATES))

    assert told(desk) == [batch.batch_id]
    assert written(desk) == []
    assert [k for k in desk.world.table.items if k[0].startswith("C#")] == []


def test_our_own_id_in_an_event_is_enough() -> None:
    desk = Desk(Confirmation("correlation", ("*",), 10))
    batch = desk.accept(request())

    deduplicate(desk, arriving(caused(correlation=batch.batch_id, conversation="any")))

    assert told(desk) == [batch.batch_id]
    assert written(desk) == []


def test_somebody_elses_correlation_id_is_no_key() -> None:
    desk = Desk(Confirmation("correlation", ("*",), 10))

    deduplicate(desk, arriving(caused(correlation="somebody's")))

    assert written(desk) == [CREATED]


def test_the_record_shows_which_of_its_events_were_echoes() -> None:
    desk = Desk()
    request_made = desk.accept(request())
    batch = arriving(caused(), caused(said="x", conversation="c-2"))

    deduplicate(desk, batch)

    item = desk.world.table.items[record_key(batch.batch_id)]
    assert list(item["echoes"].values()) == [request_made.batch_id]


# What an environment configures


def test_kinds_know_how_they_are_confirmed() -> None:
    known = confirmations.read(None, KINDS["participant-attributes"], "x")

    assert known is not None
    assert not known.owned
    assert confirmations.read(None, KINDS["journey-external-events"], "x") is None


def test_the_id_that_genesys_returns_is_the_id_whatever_the_mapping_chose() -> None:
    answered = confirmations.read(None, KINDS["conversations"], "x")

    assert answered is not None
    assert answered.key == "answer"
    assert answered.is_answered


def test_a_made_conversation_s_life_is_not_our_doing() -> None:
    made = confirmations.read(None, KINDS["conversations"], "x")
    mirrored = confirmations.read({}, KINDS["conversation-events"], "x")

    assert made is not None
    assert mirrored is not None
    assert (made.owned, mirrored.owned) == (False, True)


def test_mirrored_conversations_are_not_taken_for_ours_unless_asked_for() -> None:
    assert confirmations.read(None, KINDS["conversation-events"], "x") is None
    assert confirmations.read({}, KINDS["conversation-events"], "x") is not None


def test_a_confirmation_can_be_switched_off_and_changed() -> None:
    assert confirmations.read(False, KINDS["conversations"], "x") is None
    said = {"window_s": 3, "hold_s": 900, "topics": ["a"]}
    changed = confirmations.read(said, KINDS["conversations"], "x")
    assert changed is not None
    assert (changed.window_s, changed.hold_s, changed.topics) == (3, 900, ("a",))


@pytest.mark.parametrize(
    ("section", "kind", "said"),
    [
        ("soon", "conversations", 'x is "soon"; expected a table, or false'),
        (
            {"window": 3},
            "conversations",
            "x.window is not a known key; expected one of: compensation, completed_by",
        ),
        ({"window_s": 0}, "conversations", "x.window_s is 0; expected whole seconds"),
        ({"window_s": 901}, "conversations", "from 1 to 900"),
        ({"topics": "all"}, "conversations", 'x.topics is "all"; expected a list of detail-types'),
        ({}, "generic", "x.match is missing; expected one of correlation, conversation, entity"),
        ({"match": "entity"}, "generic", "x.topics must name the events"),
        (
            {"match": "entity", "topics": ["t"], "truth": "/api"},
            "generic",
            'x.truth is "/api"; expected a path with {key} in it',
        ),
    ],
)
def test_a_wrong_confirmation_is_refused_in_one_sentence(
    section: Json, kind: str, said: str
) -> None:
    with pytest.raises(ValueError, match=_literally(said)):
        confirmations.read(section, KINDS[kind], "x")


def _literally(text: str) -> str:

    return re.escape(text)


def test_the_compensation_is_configured() -> None:
    path = "/api/v2/conversations/{key}/disconnect"
    written = {"method": "POST", "path": path}

    plain = confirmations.read({"compensation": written}, KINDS["conversations"], "x")
    more = {"compensation": {**written, "body": {"a": 1}}}
    full = confirmations.read(more, KINDS["conversations"], "x")

    assert plain is not None
    assert plain.compensation == Compensation("POST", path, {})
    assert full is not None
    assert full.compensation == Compensation("POST", path, {"a": 1})


def test_a_generic_destination_says_what_confirms_it() -> None:
    confirmation = confirmations.read(
        {"match": "entity", "topics": ["t"], "key": "id", "truth": "/api/v2/things/{key}"},
        KINDS["generic"],
        "x",
    )

    assert confirmation is not None
    assert confirmation.truth is not None
    assert confirmation.truth.compare({"id": 1}, {}) == "agrees"
    assert confirmation.truth.compare([], {}) == "differs"
    assert confirmation.asks_first


def test_a_generic_destination_without_events_says_only_how_to_ask() -> None:
    confirmation = confirmations.read({"truth": "/x/{key}", "key": "id"}, KINDS["generic"], "x")

    assert confirmation is not None
    assert confirmation.asks_first
    for key in ("answer", "conversation"):
        with pytest.raises(ValueError, match="or give only truth and key"):
            confirmations.read({"truth": "/x/{key}", "key": key}, KINDS["generic"], "x")


@pytest.mark.parametrize(
    ("participants", "said"),
    [
        ([{"attributes": {"note": "ours", "more": "x"}}], "agrees"),
        ([{"attributes": {"note": "theirs"}}], "differs"),
        ([{"attributes": {}}, {}], "absent"),
        ([], "absent"),
    ],
)
def test_attributes_are_there_or_others_or_none(participants: Json, said: str) -> None:
    confirmation = KINDS["participant-attributes"].confirmation

    assert confirmation is not None
    assert confirmation.truth is not None
    expected = {"attributes": {"note": "ours"}}
    assert confirmation.truth.compare({"participants": participants}, expected) == said


def test_an_entry_comes_back_from_the_ledger_as_it_was() -> None:
    (item,) = entries(request(), replace(CONFIRMATION, shows=("conversationId",)), NOW_MS)

    assert Entry.of(item).shows == {"conversationId": "c-1"}
    assert canonical(Entry.of(item).shows) == item["shows"]


# A loop that nobody knows


def test_a_loop_ends_with_a_person_and_starts_again_with_the_next_window() -> None:
    """Each write causes an event that looks like news, and that event a write."""
    desk = Desk(replace(CONFIRMATION, owned=False))
    for number in range(LOOP_WRITES_MAX + 5):
        deduplicate(desk, arriving(caused(said=str(number)), nonce=str(number)))

    assert len(written(desk)) == LOOP_WRITES_MAX
    assert desk.counted("LoopsStopped") == 5
    records = [item for (_, sk), item in desk.world.table.items.items() if sk == "R"]
    assert [item["state"] for item in records].count("MANUAL_REVIEW") == 5

    deduplicate(desk, arriving(caused(conversation="another"), nonce="another"))
    desk.world.timeline.advance(LOOP_WINDOW_S)
    deduplicate(desk, arriving(caused(said="later"), nonce="later"))
    assert len(written(desk)) == LOOP_WRITES_MAX + 2


def loops_seen(times: int, now_ms: Callable[[int], int]) -> list[bool]:
    """What is said of one conversation's writes, one after another."""
    ledger, confirmations = Desk().world.ledger, {"calls": replace(CONFIRMATION, owned=False)}
    batch = arriving(caused())
    return [is_loop(batch, confirmations, ledger, now_ms(number)) for number in range(times)]


def test_a_loop_that_turns_slowly_ends_as_well() -> None:
    """Each echo comes half an hour late, say, and does not say when it happened."""
    said = loops_seen(LOOP_WRITES_IN_ALL_MAX + 3, lambda number: NOW_MS + number * 31 * 60_000)

    assert said == [False] * LOOP_WRITES_IN_ALL_MAX + [True] * 3


def test_a_clock_that_is_behind_does_not_restart_the_count() -> None:
    said = loops_seen(
        LOOP_WRITES_MAX + 4, lambda number: NOW_MS + (number + 1) % 2 * LOOP_WINDOW_S * 1000
    )

    assert said == [False] * LOOP_WRITES_MAX + [True] * 4


def test_a_loop_without_a_conversation_goes_on_no_longer_either() -> None:
    """Each change of an order causes a request that changes the order again."""
    desk = Desk(replace(CONFIRMATION, owned=False, match="entity"))
    for number in range(LOOP_WRITES_MAX + 5):
        event = caused(said=str(number), conversation="", entity="order-1")
        deduplicate(desk, arriving(event, nonce=str(number)))
    deduplicate(desk, arriving(caused(conversation="", entity="order-2"), nonce="another"))

    assert len(written(desk)) == LOOP_WRITES_MAX + 1
    assert desk.counted("LoopsStopped") == 5


def test_writes_that_cause_no_such_events_are_not_counted() -> None:
    desk = Desk()
    elsewhere = replace(TARGET, destination="sink")
    for number in range(LOOP_WRITES_MAX + 5):
        batch = arriving(caused(said=str(number)), nonce=str(number), target=elsewhere)
        deduplicate(desk, batch)

    assert len(written(desk)) == LOOP_WRITES_MAX + 5
