"""dedup: a batch forwards what it owns, once or more often, and never what another owns."""

import json
from dataclasses import replace

import pytest

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.functions.dedup import Deps, dedup
from lambdas.relay.functions.parts import on_record, part
from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.kernel.limits import CLAIM_TTL_S, HORIZON_S
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.ledger.claims import claim
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import (
    Batch,
    SealedEvent,
    decode,
    encode,
    encode_unclaimed,
)
from lambdas.relay.requests.record import Record, record_key
from lambdas.relay.requests.sending import emptying, merged_item, opening, sealed_item
from simulation.memory.faults import Fault
from simulation.memory.table import Table
from tests.unit.batches import NOW_MS, TARGET, batch_of, collision, said_in, sealed, sealed_event
from tests.unit.world import World

GONE = replace(TARGET, destination="removed")
CONFIRMATION = Confirmation("correlation", ("*",), window_s=10)


def deduplicated(world: World, *batches: Batch, echoes: bool = False) -> int:
    """Works through messages of these batches; returns how many of them stay."""
    deps = Deps(
        consumer=world.consumer(),
        ledger=world.ledger,
        writes=world.queue("writes"),
        checks=world.queue("checks"),
        destinations=("journey",),
        confirmations={"journey": CONFIRMATION} if echoes else {},
        answer_wait_s=70,
    )
    arrived = world.deliver(*(encode(batch) for batch in batches))
    return len(settle_each(arrived, lambda d: dedup(d, deps), deps.consumer))


def written(world: World) -> list[list[str]]:
    """What the events of each write message say."""
    return [said_in(decode(body)) for body in world.bodies("writes")]


def state(world: World, batch: Batch) -> str:
    return Record.of(world.table.items[record_key(batch.batch_id)]).state


def test_new_events_go_on_in_one_message() -> None:
    world, batch = World(), batch_of("a", "b")

    assert deduplicated(world, batch) == 0

    assert [decode(body) for body in world.bodies("writes")] == [batch]
    assert state(world, batch) == "SEALED"


def test_what_another_batch_owns_stops_here_and_is_counted() -> None:
    world = World()
    deduplicated(world, batch_of("a", "b"))

    deduplicated(world, batch_of("b", "c", nonce="later"))

    assert written(world) == [["a", "b"], ["c"]]
    assert world.telemetry.counts["Duplicates"] == 1


def test_a_batch_of_duplicates_ends_here() -> None:
    world, copy = World(), batch_of("a", nonce="later")
    deduplicated(world, batch_of("a"))

    assert deduplicated(world, copy) == 0

    assert written(world) == [["a"]]
    assert state(world, copy) == "EMPTY"


def shadow_of(*said: str, nonce: str = "nonce") -> Batch:
    target = replace(TARGET, is_shadow=True)
    (batch,) = sealed([sealed_event(each) for each in said], nonce=nonce, target=target)
    return batch


def test_a_shadow_claims_and_writes_nothing_and_what_it_claimed_stays_claimed() -> None:
    world, shadow = World(), shadow_of("a", "b")

    assert deduplicated(world, shadow, shadow) == 0
    deduplicated(world, batch_of("b", "c", nonce="after the switch"))

    assert written(world) == [["c"]]
    assert state(world, shadow) == "EMPTY"
    assert world.telemetry.counts["Shadowed"] == 2
    assert len(world.documents) == 1  # nobody is to send the shadow, so nothing of it is kept


def test_a_shadow_of_what_is_written_already_is_a_copy() -> None:
    world = World()
    deduplicated(world, batch_of("a"), shadow_of("a", nonce="shadow"))

    assert written(world) == [["a"]]
    assert world.telemetry.counts["Duplicates"] == 1


def test_a_shadow_gives_no_person_work_however_old_it_is() -> None:
    world, shadow = World(), shadow_of("a")
    world.clock.sleep(HORIZON_S + 1)

    assert deduplicated(world, shadow) == 0
    assert not world.documents


def kept(world: World, batch: Batch) -> str:
    return world.documents[sealed_key(batch.batch_id)]


def test_a_batch_is_kept_before_its_first_claim() -> None:
    """Found by the simulation: its message purged, every replayed event was a copy of a request
    that nobody had."""
    world, batch = World(), batch_of("a", "b")
    world.faults.plan("ledger partly applied")
    deduplicated(world, batch)

    assert kept(world, batch) == encode_unclaimed(batch)


def test_what_is_kept_of_a_request_is_what_it_owns() -> None:
    world, later = World(), batch_of("b", "c", nonce="later")
    deduplicated(world, batch_of("b"), later, later)

    assert said_in(decode(kept(world, later))) == ["c"]


def test_nothing_is_kept_of_what_owns_nothing() -> None:
    world, copy = World(), batch_of("a", nonce="later")
    deduplicated(world, batch_of("a"), copy)

    assert sealed_key(copy.batch_id) not in world.documents


def test_a_smaller_batch_goes_on_under_its_own_id() -> None:
    """The id was sealed with the batch, and its record bears it."""
    world, later = World(), batch_of("b", "c", nonce="later")
    deduplicated(world, batch_of("b"))

    deduplicated(world, later)

    assert decode(world.bodies("writes")[1]).batch_id == later.batch_id


def test_the_record_is_there_before_any_claim() -> None:
    """Whoever meets a claim finds the batch that is responsible."""
    world, batch = World(), batch_of("a", "b")
    world.faults.plan("ledger partly applied")

    assert deduplicated(world, batch) == 1

    assert state(world, batch) == "SEALED"


CRASHES: tuple[Fault, ...] = (
    "ledger throttled",
    "ledger answer lost",
    "ledger partly applied",
    "send refused",
    "send answer lost",
)


@pytest.mark.parametrize("fault", CRASHES)
def test_whatever_fails_the_message_stays_and_the_next_run_forwards_the_same(fault: Fault) -> None:
    world, batch = World(), batch_of("a", "b")
    world.faults.plan(fault)
    assert deduplicated(world, batch) == 1

    assert deduplicated(world, batch) == 0

    assert set(world.bodies("writes")) == {encode(batch)}


def test_a_batch_delivered_twice_is_forwarded_verbatim() -> None:
    world, batch = World(), batch_of("a", "b")
    deduplicated(world, batch_of("a", nonce="other"))

    deduplicated(world, batch, batch)

    assert written(world)[1:] == [["b"], ["b"]]


def test_a_batch_whose_request_is_under_way_is_forwarded_as_it_was() -> None:
    world, batch = World(), batch_of("a")
    deduplicated(world, batch)
    key = record_key(batch.batch_id)
    world.table.change(*key, *opening(NOW_MS, NOW_MS + 1000, "writer"))

    assert deduplicated(world, batch) == 0

    assert world.bodies("writes") == [encode(batch)] * 2, "the first may be gone"


def test_two_events_under_one_identity_are_both_delivered_and_counted() -> None:
    world, event = World(), sealed_event("a")
    deduplicated(world, *sealed([event]))

    deduplicated(world, *sealed([collision(event)], nonce="later"))

    assert written(world) == [["a"], ["something else"]]
    assert world.telemetry.counts["IdentityCollisions"] == 1


def test_what_no_destination_is_configured_for_waits_unclaimed_for_a_deploy() -> None:
    """In the middle of a deploy write may still know it, and nobody here knows its echoes."""
    world, batch = World(), replace(batch_of("a"), target=GONE)

    assert deduplicated(world, batch) == 1

    assert not world.table.items
    assert not world.bodies("writes")


def test_what_is_settled_needs_no_destination() -> None:
    world, batch = World(), replace(batch_of("a"), target=GONE)
    world.ledger.insert([sealed_item(batch, NOW_MS)])
    world.ledger.change(*record_key(batch.batch_id), *emptying(NOW_MS))

    assert deduplicated(world, batch) == 0


def test_what_goes_on_in_others_goes_on_without_a_destination() -> None:
    """The run that merged it may have died before it sent what it had merged."""
    world, batch = World(), replace(batch_of("a"), target=GONE)
    world.ledger.insert([merged_item(batch, NOW_MS)])

    assert deduplicated(world, batch) == 0

    _, sent = map(decode, world.bodies("source"))
    assert said_in(sent) == ["a"]
    assert sent.batch_id != batch.batch_id


def test_what_is_no_sealed_batch_is_quarantined() -> None:
    world, batch = World(), batch_of("a")
    edited = replace(batch, events=(replace(batch.events[0], item='{"said":"b"}'),))
    body = encode(batch).replace("said", "sa1d")
    assert encode(edited) != body
    (message,) = world.deliver(body)
    deps = Deps(
        world.consumer(), world.ledger, world.queue("writes"), world.queue("checks"), (), {}, 70
    )

    assert settle_each([message], lambda d: dedup(d, deps), deps.consumer) == []

    (document,) = world.documents.values()
    assert json.loads(document)["message"] == body
    assert not world.table.items


def test_the_parts_of_a_split_request_whose_destination_is_gone_are_for_write() -> None:
    """Only the message that splits it knows what became of its parts."""
    (batch,) = sealed([sealed_event("a")], target=GONE)
    world, parts = World(table=Table()), [part([0], "again", Code.QUOTED("503"))]
    item = {**sealed_item(batch, NOW_MS), "state": "SPLIT", "parts": on_record(batch, parts)}
    world.table.insert(item)

    assert deduplicated(world, batch) == 0

    assert [decode(body) for body in world.bodies("writes")] == [batch]


# The horizon (R5)


def old_batch(*said: str, nonce: str = "old") -> Batch:
    events = [replace(sealed_event(each), accepted_at_ms=0) for each in said]
    (batch,) = sealed(events, nonce=nonce)
    return batch


def test_past_the_horizon_nothing_is_claimed_and_a_person_decides() -> None:
    """R5: the claim could have expired, so its absence proves nothing."""
    world, batch = World(), old_batch("a")

    assert deduplicated(world, batch) == 0

    assert written(world) == []
    assert state(world, batch) == "MANUAL_REVIEW"
    assert f"review/{batch.batch_id}.json" in world.documents


def test_a_claim_that_is_still_there_makes_an_old_event_a_duplicate() -> None:
    world = World()
    claim(batch_of("a"), world.ledger, NOW_MS)

    assert deduplicated(world, old_batch("a")) == 0

    assert not world.documents
    assert written(world) == []


def test_so_does_one_under_a_key_of_an_earlier_release() -> None:
    world, event = World(), sealed_event("a", conversation="tel:+4930901820")
    (first,) = sealed([event])
    claim(first, world.ledger, NOW_MS)
    (old,) = sealed([replace(event, accepted_at_ms=0, partition="keyed")], nonce="old")

    assert deduplicated(world, old) == 0

    assert not world.documents
    assert written(world) == []


def test_only_what_is_undecided_is_given_to_a_person() -> None:
    world, batch = World(), old_batch("a", "b")
    claim(batch_of("a"), world.ledger, NOW_MS)

    deduplicated(world, batch)

    document = json.loads(world.documents[f"review/{batch.batch_id}.json"])
    assert said_in(decode(document["message"])) == ["b"]


def test_an_event_just_within_the_horizon_is_claimed() -> None:
    world = World()
    young = replace(sealed_event("a"), accepted_at_ms=NOW_MS - HORIZON_S * 1000)

    deduplicated(world, *sealed([young]))

    assert written(world) == [["a"]]
    assert HORIZON_S < CLAIM_TTL_S


def aged(said: str) -> SealedEvent:
    return replace(sealed_event(said), accepted_at_ms=NOW_MS - HORIZON_S * 1000 - 1)


def reviewed(world: World) -> list[list[str]]:
    """What the events say that wait for a person, by request."""
    documents = [json.loads(d) for key, d in world.documents.items() if key.startswith("review/")]
    return [said_in(decode(document["message"])) for document in documents]


def test_an_old_event_takes_none_of_its_neighbours_along() -> None:
    world = World()
    (batch,) = sealed([sealed_event("a"), aged("b"), sealed_event("c")])

    assert deduplicated(world, batch, batch) == 0

    assert written(world) == [["a", "c"]] * 2, "the same message both times"
    assert reviewed(world) == [["b"]]
    assert world.telemetry.counts["BeyondHorizon"] == 2


def test_a_claimed_batch_that_comes_back_without_its_old_event_goes_on() -> None:
    """A redrive into the wrong queue: what is on record as old is not in this message."""
    world = World()
    deduplicated(world, *sealed([sealed_event("a"), aged("b")]))
    (claimed,) = map(decode, world.bodies("writes"))

    assert deduplicated(world, claimed) == 0

    assert written(world) == [["a"]] * 2
    assert reviewed(world) == [["b"]]


def test_an_old_copy_among_neighbours_is_a_duplicate() -> None:
    world = World()
    claim(batch_of("b"), world.ledger, NOW_MS)

    deduplicated(world, *sealed([sealed_event("a"), aged("b")]))

    assert written(world) == [["a"]]
    assert reviewed(world) == []


@pytest.mark.parametrize("fault", [*CRASHES, "vault refused"])
def test_whatever_fails_old_and_young_end_where_they_belong(fault: Fault) -> None:
    world = World()
    (batch,) = sealed([sealed_event("a"), aged("b"), sealed_event("c")])
    world.faults.plan(fault)
    assert deduplicated(world, batch) == 1

    assert deduplicated(world, batch) == 0

    assert set(map(tuple, written(world))) == {("a", "c")}
    assert reviewed(world) == [["b"]]


def test_an_event_that_ages_between_two_runs_is_not_sent_in_two_ways() -> None:
    """The first run may have sent it, or may be about to: under its id only one request exists."""
    world = World()
    almost = replace(sealed_event("b"), accepted_at_ms=NOW_MS - HORIZON_S * 1000)
    (batch,) = sealed([sealed_event("a"), almost])
    deduplicated(world, batch)
    world.timeline.advance(60)

    assert deduplicated(world, batch) == 0

    assert written(world) == [["a", "b"]]
    assert state(world, batch) == "MANUAL_REVIEW", "what was sent finds its record parked"


def test_an_old_batch_stays_while_the_vault_is_away() -> None:
    world = World()
    world.faults.plan("vault refused")

    assert deduplicated(world, old_batch("a")) == 1


# What says the same at another time


def state_of(said: str, published: str, conversation: str = "") -> SealedEvent:
    event = sealed_event(said, conversation=conversation)
    content = event.identity[:16]
    identity = content + short(digest("published", published), 10)
    return replace(event, identity=identity, content=content, payload_hash=f"{said} {published}")


@pytest.mark.parametrize("conversation", ["", "c-1"])
def test_a_state_that_comes_back_goes_on_and_both_are_noted(conversation: str) -> None:
    world = World()
    first, back = (state_of("joined", at, conversation) for at in ("9:00", "13:00"))
    left = state_of("left", "12:00", conversation)

    for number, event in enumerate((first, left, back, back)):
        deduplicated(world, *sealed([event], nonce=f"{number}"))

    assert written(world) == [["joined"], ["left"], ["joined"]]
    assert world.telemetry.counts["SameContentOtherTime"] == 1
    assert world.telemetry.counts["Duplicates"] == 1
    (noted,) = (n for n in world.telemetry.notes if n[0] == "same content, other time")
    assert noted[1]["identity"] == back.identity
    assert noted[1]["earlier"] == [first.identity]


def test_states_that_come_back_within_a_batch_are_one_pair() -> None:
    world = World()
    first, left, back = (
        state_of("joined", "9:00"),
        state_of("left", "12:00"),
        state_of("joined", "1"),
    )

    deduplicated(world, *sealed([first, left, back]))

    assert world.telemetry.counts["Claimed"] == 3
    assert world.telemetry.counts["SameContentOtherTime"] == 1
    (noted,) = (n for n in world.telemetry.notes if n[0] == "same content, other time")
    assert (noted[1]["identity"], noted[1]["earlier"]) == (back.identity, [first.identity])


def test_what_is_known_by_its_content_costs_no_read() -> None:
    world = World()
    world.faults.plan("ledger unreadable")

    assert deduplicated(world, batch_of("a", "b")) == 0


# Echoes


def test_an_event_that_our_own_request_caused_is_not_written_again() -> None:
    world, request = World(), batch_of("asked")
    world.table.insert(sealed_item(request, NOW_MS))
    facts = canonical(["a type", "", "", None, None, {}])
    caused = replace(sealed_event("caused"), correlation_id=request.batch_id, facts=facts)

    deduplicated(world, *sealed([caused, sealed_event("other")]), echoes=True)

    assert written(world) == [["other"]]
    assert len(world.bodies("checks")) == 1


@pytest.mark.parametrize("entrance", ["relay", "webhook"])
def test_an_event_that_only_names_a_request_of_ours_confirms_nothing(entrance: str) -> None:
    """A correlation id proves nothing unless Genesys itself publishes it."""
    world, request = World(), batch_of("asked")
    world.table.insert(sealed_item(request, NOW_MS))
    forged = replace(
        sealed_event("forged"), correlation_id=request.batch_id, entrance=entrance, sender="shop"
    )

    deduplicated(world, *sealed([forged]), echoes=True)

    assert written(world) == [["forged"]]
    assert not world.bodies("checks")


def test_a_correlation_id_that_is_not_ours_means_nothing() -> None:
    world = World()
    foreign = replace(sealed_event("a"), correlation_id="8f72-archival")

    deduplicated(world, *sealed([foreign]), echoes=True)

    assert written(world) == [["a"]]
    assert not world.bodies("checks")
