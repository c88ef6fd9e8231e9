"""Before a person is asked about contacts: does Genesys show them as they were sent?"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.assembly.reconcile import reconcile_deps
from lambdas.relay.functions.overdue import asks
from lambdas.relay.functions.reconcile import reconcile
from lambdas.relay.functions.tally import Result
from lambdas.relay.kernel.limits import ATTEMPTS_MAX, DAY_S, ITEMS_LOOKED_MAX, REDRIVES_MAX
from lambdas.relay.kernel.ports import Answer, Outgoing
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.kernel.vault_keys import sealed_key
from lambdas.relay.messages.dead_letters import REASON, REDRIVES
from lambdas.relay.messages.sealing import Batch, encode
from lambdas.relay.requests.record import record_key
from lambdas.relay.routes.resolved import load
from simulator.faults import NONE
from simulator.messages import Request
from simulator.organization import CONTACT_LIST_ID, EXTERNAL_SOURCE_ID
from stacks.schema.resolving import resolve
from tests.unit.kinds import section
from tests.unit.simulated import Simulated, configuration, envelope
from tests.unit.test_answers import document, own_error, says

CONTACTS, CUSTOMERS = section("outbound-contacts"), section("external-contacts-enrich")
LISTS = f"/api/v2/outbound/contactlists/{CONTACT_LIST_ID}/contacts"
LOOKUP = "/api/v2/externalcontacts/identifierlookup/contacts"
OTHER_LIST = "5d0e8b3c-0000-4000-8000-000000000005"
#: accepted, and nothing that it says can be read
UNCLEAR = document(200, {"taken": "yes"})
EMAIL = {"type": "Email", "value": "c1@example.com"}


#: of each event's own
OWN_EMAIL = {"type": "'Email'", "value": "join('', ['c', to_string(body.number), '@example.com'])"}


def world_of(kind: Any, count: int = 2) -> tuple[Simulated, Batch]:
    world = Simulated(configuration(kind))
    return world, world.batch([envelope(number) for number in range(1, count + 1)])


def effect(world: Simulated, batch: Batch) -> None:
    """The request takes effect, and nobody knows."""
    world.genesys().post(batch, world.configuration.destinations["there"])
    world.http.sent.clear()


def shown(world: Simulated, batch: Batch) -> list[Any]:
    return [world.platform.org.dialer_contacts[f"{CONTACT_LIST_ID}/{key}"] for key in keys(batch)]


def keys(batch: Batch) -> list[str]:
    return [event.members["id"] for event in batch.events]


def asked(world: Simulated) -> list[str]:
    """What Genesys was asked: paths, and identifiers."""
    looks = [r for r in world.http.sent if r.method == "GET" or r.path == LOOKUP]
    return [r.body.decode() or r.path.rsplit("/", 1)[1] for r in looks]


def answered(world: Simulated, *answers: Answer, then: Answer | None = None) -> list[Request]:
    """Writes get these answers, one after another, without effect."""
    left = list(answers)

    return says(world, lambda request: left.pop(0) if left else then)


def why(world: Simulated, batch: Batch) -> str:
    return str(world.table.items[record_key(batch.batch_id)]["history"][-1])


# --- contact lists


def test_what_is_accepted_at_once_costs_no_question() -> None:
    world, batch = world_of(CONTACTS)
    world.write_all()
    assert world.state(batch) == "DONE"
    assert asked(world) == []


@pytest.mark.parametrize("answer", [UNCLEAR, document(202, b"")])
def test_an_answer_that_nobody_can_read_needs_no_person_where_all_contacts_are_there(
    answer: Answer,
) -> None:
    world, batch = world_of(CONTACTS)
    effect(world, batch)
    sent = answered(world, then=answer)
    world.write_all()
    assert (world.state(batch), world.in_review()) == ("RECONCILED", [])
    assert asked(world) == keys(batch)
    assert len(sent) == 1
    assert "FOUND_TAKEN" in why(world, batch)
    assert world.telemetry.counts["RecoveryQueries"] == 2


def _nothing(world: Simulated, batch: Batch) -> None:
    """Not visible yet, or not there at all: nobody can tell."""


def _some(world: Simulated, batch: Batch) -> None:
    effect(world, batch)
    del world.platform.org.dialer_contacts[f"{CONTACT_LIST_ID}/{keys(batch)[1]}"]


def _others(world: Simulated, batch: Batch) -> None:
    effect(world, batch)
    shown(world, batch)[1]["data"] = {"number": "what was there before"}


def _elsewhere(world: Simulated, batch: Batch) -> None:
    effect(world, batch)
    contacts = world.platform.org.dialer_contacts
    for key in keys(batch):
        contacts[f"{OTHER_LIST}/{key}"] = contacts.pop(f"{CONTACT_LIST_ID}/{key}")


def _of_another_list(world: Simulated, batch: Batch) -> None:
    effect(world, batch)
    shown(world, batch)[0]["contactListId"] = OTHER_LIST


@pytest.mark.parametrize("before", [_nothing, _some, _others, _elsewhere, _of_another_list])
def test_what_is_not_there_as_it_was_sent_goes_to_a_person_and_is_not_sent_again(
    before: Callable[[Simulated, Batch], None],
) -> None:
    world, batch = world_of(CONTACTS)
    before(world, batch)
    sent = answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert len(sent) == 1
    assert 1 <= len(asked(world)) <= 2


def test_a_page_that_came_twice_needs_no_person_either() -> None:
    world, batch = world_of(CONTACTS)
    effect(world, batch)
    page = document(200, b"<html>Please sign in</html>")
    sent = answered(world, then=page)
    world.write_all(most_s=86_400)
    assert (world.state(batch), world.in_review()) == ("RECONCILED", [])
    assert len(sent) == 2


def test_nor_do_attempts_that_were_all_lost() -> None:
    world, batch = world_of(CONTACTS)
    effect(world, batch)
    sent = answered(world, then=document(502, b""))
    world.write_all(most_s=20 * 86_400)
    assert (world.state(batch), world.in_review()) == ("RECONCILED", [])
    assert len(sent) == ATTEMPTS_MAX + 1


def test_a_refusal_after_an_unknown_outcome_is_no_refusal_if_all_contacts_are_there() -> None:
    world, batch = world_of(CONTACTS)
    effect(world, batch)
    answered(world, document(504, b""), then=own_error(400, "the list is full"))
    world.write_all()
    assert (world.state(batch), world.in_review()) == ("RECONCILED", [])
    assert "HAD_TAKEN_EFFECT" in why(world, batch)


def test_a_refusal_that_is_certain_costs_no_question() -> None:
    world, batch = world_of(CONTACTS, 1)
    answered(world, then=own_error(400, "no such column"))
    world.write_all()
    assert world.state(batch) == "REJECTED"
    assert asked(world) == []


def test_genesys_is_not_asked_about_more_contacts_than_it_takes_slots_for() -> None:
    world, batch = world_of(CONTACTS, ITEMS_LOOKED_MAX + 1)
    effect(world, batch)
    answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert asked(world) == []


def test_without_an_answer_it_is_asked_once() -> None:
    world, batch = world_of(CONTACTS, 3)
    effect(world, batch)

    def answer(request: Request) -> Answer:
        world.platform.outage(3600, "503")
        return UNCLEAR

    says(world, answer)
    world.write_once()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert asked(world) == keys(batch)[:1]


def test_all_of_a_contact_has_to_be_there() -> None:
    """However much that is."""
    columns = {f"column{n:03}": "join('', ['n', to_string(body.number)])" for n in range(150)}
    item = {"data": {**columns, "zip": f"'{'z' * 60}'"}}
    world, batch = world_of({**CONTACTS, "item": item}, 1)
    effect(world, batch)
    shown(world, batch)[0]["data"]["zip"] = "another"
    answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert asked(world) == keys(batch)


def test_an_id_that_no_path_can_hold_is_sent_and_not_asked_for() -> None:
    item = {"id": "'a/b'", "data": {"number": "to_string(body.number)"}}
    world, batch = world_of({**CONTACTS, "item": item}, 1)
    effect(world, batch)
    answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert asked(world) == []


# --- external contacts


def insert(**more: Any) -> dict[str, Any]:
    return {
        "action": "'Insert'",
        "matchingIdentifiers": [{n: f"'{v}'" for n, v in EMAIL.items()}],
        "contact": {"firstName": "'Ada'"},
        **more,
    }


def test_an_insert_is_not_refused_because_it_had_taken_effect() -> None:
    world, batch = world_of({**CUSTOMERS, "item": insert()}, 1)
    effect(world, batch)
    answered(world, document(504, b""))
    world.write_all()
    assert (world.state(batch), world.in_review()) == ("DONE", [])
    assert asked(world) == ['{"type":"Email","value":"c1@example.com"}']
    assert len(world.platform.org.external_contacts) == 1


def test_an_insert_is_refused_where_somebody_else_has_made_another_contact() -> None:
    world, batch = world_of({**CUSTOMERS, "item": insert()}, 1)
    effect(world, batch)
    (contact,) = world.platform.org.external_contacts.values()
    contact["firstName"] = "Grace"
    answered(world, document(504, b""))
    world.write_all()
    assert world.state(batch) == "REJECTED"
    assert len(asked(world)) == 1


def test_without_an_answer_no_other_insert_is_asked_about() -> None:
    world, batch = world_of({**CUSTOMERS, "item": insert(matchingIdentifiers=[OWN_EMAIL])}, 3)
    effect(world, batch)
    answered(world, document(504, b""))
    world.platform.conduct = replace(NONE, forbidden=("external-contact-lookup",))
    world.write_all()
    assert world.state(batch) == "SPLIT"
    assert len(world.in_review()) == 3
    assert len(asked(world)) == 1


def test_an_insert_that_is_refused_at_once_costs_no_question() -> None:
    world, batch = world_of({**CUSTOMERS, "item": insert()}, 1)
    effect(world, batch)
    world.write_all()
    assert world.state(batch) == "REJECTED"
    assert asked(world) == []


def test_an_external_id_is_looked_up_in_its_own_source() -> None:
    identifier = {
        "type": "'ExternalId'",
        "value": "'c1'",
        "externalSource": {"id": f"'{EXTERNAL_SOURCE_ID}'"},
    }
    world, batch = world_of({**CUSTOMERS, "item": insert(matchingIdentifiers=[identifier])}, 1)
    effect(world, batch)
    answered(world, document(504, b""))
    world.write_all()
    assert (world.state(batch), world.in_review()) == ("DONE", [])
    assert EXTERNAL_SOURCE_ID in asked(world)[0]


@pytest.mark.parametrize(
    "more",
    [
        {"action": "'Merge'"},
        {"matchingIdentifiers": [{n: f"'{v}'" for n, v in EMAIL.items()}] * 2},
    ],
)
def test_what_one_identifier_cannot_prove_goes_to_a_person(more: dict[str, Any]) -> None:
    world, batch = world_of({**CUSTOMERS, "item": insert(**more)}, 1)
    effect(world, batch)
    answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"


# --- what reconcile finds old


def doubtful(count: int = 2, *, takes_effect: bool = True) -> tuple[Simulated, Batch]:
    """A request without an answer, a day ago, whose message is in no queue."""
    world, batch = world_of(CONTACTS, count)
    if takes_effect:
        effect(world, batch)
    answered(world, then=document(504, b""))
    world.write_once()
    assert world.state(batch) == "OPEN"
    world.stored_queue("writes").messages.clear()
    world.http.sent.clear()
    return world, batch


def bury(world: Simulated, batch: Batch) -> None:
    said = {REDRIVES: str(REDRIVES_MAX), REASON: str(Code.QUOTED("why"))}
    world.stored_queue("writes-dead").send(Outgoing(encode(batch), said))


def amend(world: Simulated, batch: Batch, **more: Any) -> None:
    key = record_key(batch.batch_id)
    world.table.items[key] = {**world.table.items[key], **more}


def run(world: Simulated) -> Result:
    return reconcile(reconcile_deps(world, world.settings), 10**15)


def test_a_dead_letter_of_what_took_effect_needs_no_person() -> None:
    world, batch = doubtful()
    world.timeline.advance(DAY_S)
    bury(world, batch)
    result = run(world)
    assert (world.state(batch), world.in_review()) == ("RECONCILED", [])
    assert not world.stored_queue("writes-dead").messages
    assert (result.cleared, result.parked) == (1, 0)
    assert asked(world) == keys(batch)
    assert "FOUND_TAKEN" in why(world, batch)


def test_a_dead_letter_of_what_is_not_there_goes_to_a_person_and_is_not_sent() -> None:
    world, batch = doubtful(takes_effect=False)
    world.timeline.advance(DAY_S)
    bury(world, batch)
    result = run(world)
    assert world.state(batch) == "MANUAL_REVIEW"
    assert (result.cleared, result.parked) == (0, 1)
    assert not world.stored_queue("writes").messages


def test_a_request_that_may_still_take_effect_is_not_asked_about() -> None:
    world, batch = doubtful()
    bury(world, batch)
    run(world)
    assert world.state(batch) == "OPEN"
    assert asked(world) == []


def test_a_message_of_some_of_its_events_does_not_settle_a_request() -> None:
    world, batch = doubtful()
    amend(world, batch, items=3)
    world.timeline.advance(DAY_S)
    bury(world, batch)
    run(world)
    assert world.state(batch) == "MANUAL_REVIEW"


@pytest.mark.parametrize(
    ("takes_effect", "days", "state", "looks"),
    [(True, 9, "RECONCILED", 2), (False, 9, "MANUAL_REVIEW", 1), (True, 1, "OPEN", 0)],
)
def test_a_request_whose_message_is_gone_is_looked_for_before_it_is_given_up(
    takes_effect: bool, days: int, state: str, looks: int
) -> None:
    world, batch = doubtful(takes_effect=takes_effect)
    world.vault.keep(sealed_key(batch.batch_id), encode(batch))
    amend(world, batch, prompts=REDRIVES_MAX)
    world.timeline.advance(days * DAY_S)
    run(world)
    assert world.state(batch) == state
    assert len(asked(world)) == looks
    assert (sealed_key(batch.batch_id) in world.documents) == (state != "RECONCILED")


def test_what_it_looks_at_counts_among_the_questions_of_a_run() -> None:
    world, batch = doubtful(ITEMS_LOOKED_MAX)
    record = world.table.items[record_key(batch.batch_id)]
    deps = reconcile_deps(world, world.settings)
    assert asks(record, deps) == 0
    world.timeline.advance(9 * DAY_S)
    assert asks(record, deps) == ITEMS_LOOKED_MAX
    assert asks({**record, "items": ITEMS_LOOKED_MAX + 1}, deps) == 0
    assert asks({**record, "state": "SEALED"}, deps) == 0


# --- the configuration


def test_the_questions_can_be_switched_off() -> None:
    world, batch = world_of({**CONTACTS, "confirmation": False})
    effect(world, batch)
    answered(world, then=UNCLEAR)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"
    assert asked(world) == []


@pytest.mark.parametrize("kind", [CONTACTS, CUSTOMERS])
@pytest.mark.parametrize("more", [{}, {"confirmation": {}}])
def test_the_functions_ask_where_synthesis_said(kind: Any, more: Any) -> None:
    made = configuration({**kind, **more})
    loaded = load(json.loads(json.dumps(resolve(made)))).destinations["there"].confirmation
    assert loaded == made.destinations["there"].confirmation
    assert loaded is not None
    assert loaded.truth is not None
    assert loaded.truth.path == (LOOKUP if kind is CUSTOMERS else f"{LISTS}/{{key}}")
