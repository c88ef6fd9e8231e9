"""What one route makes of an event is one effect: one route's effect is no copy of another's, and a
changed name makes no event new."""

import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from lambdas.relay.destinations.participant_attributes import KIND
from lambdas.relay.functions.dedup import Deps, dedup
from lambdas.relay.functions.intake import Deps as IntakeDeps
from lambdas.relay.functions.intake import intake
from lambdas.relay.kernel.limits import HORIZON_S
from lambdas.relay.ledger.claims import claim
from lambdas.relay.ledger.known import KnownClaims, RememberingLedger
from lambdas.relay.messages.consumer import settle_each
from lambdas.relay.messages.sealing import Batch, decode, encode
from lambdas.relay.routes.configuration import Configuration
from ops.audit_trail import trace
from stacks.schema.parsing import parse
from tests.envelopes import Envelope, envelope, republished, text
from tests.unit.batches import NOW_MS, TARGET, collision, sealed, sealed_event
from tests.unit.simulated import JOURNEY, Simulated
from tests.unit.simulated import envelope as simulated_envelope
from tests.unit.world import World

DESTINATIONS = {"attributes": {"kind": KIND.name}}
WHY: dict[str, Any] = {
    "name": "why-it-ended",
    "destination": "attributes",
    "topics": ["v2.detail.events.conversation.{id}.user.end"],
    "item": {"attributes": {"disposition": "body.disconnectType"}},
}
WHO: dict[str, Any] = {
    "name": "who-answered",
    "destination": "attributes",
    "topics": ["v2.detail.events.conversation.{id}.user.*"],
    "item": {"attributes": {"agent": "body.userId"}},
}
ENDED = envelope("user-end")


def configured(*routes: Mapping[str, Any], **destinations: Any) -> Configuration:
    return parse({"destinations": destinations or DESTINATIONS, "routes": list(routes)})


class Relay(World):
    """From the events queue to the writes queue, under one configuration after another."""

    def takes(
        self, configuration: Configuration, *envelopes: Envelope, known: KnownClaims | None = None
    ) -> list[dict[str, Any]]:
        """Takes events in; returns the items that go on to be written."""
        consumer, batches = self.consumer("events"), self.queue("batches")
        arrived = self.deliver(*(text(each) for each in envelopes), to="events")
        assert (
            intake(arrived, IntakeDeps(consumer, batches, configuration, self.personal_key)) == []
        )
        self.claims(configuration, known)
        return self.written()

    def claims(self, configuration: Configuration, known: KnownClaims | None = None) -> None:
        known = KnownClaims() if known is None else known
        deps = Deps(
            consumer=self.consumer("batches"),
            ledger=RememberingLedger(self.ledger, known, self.clock),
            writes=self.queue("writes"),
            checks=self.queue("checks"),
            destinations=configuration.destinations,
            confirmations=configuration.confirmations,
            answer_wait_s=70,
            known=known,
        )
        stored = self.stored_queue("batches")
        while arrived := stored.receive(10):
            assert settle_each(arrived, lambda d: dedup(d, deps), deps.consumer) == []
            for delivery in arrived:
                stored.delete(delivery)

    def written(self) -> list[dict[str, Any]]:
        """The items written since the last look."""
        stored = self.stored_queue("writes")
        batches = [decode(body) for body in self.bodies("writes")]
        for delivery in stored.receive(len(batches)) if batches else ():
            stored.delete(delivery)
        return [json.loads(event.item) for batch in batches for event in batch.events]


def attributes(items: list[dict[str, Any]]) -> list[str]:
    return sorted(name for item in items for name in item["attributes"])


@pytest.mark.parametrize("routes", list(permutations([WHY, WHO])))
def test_two_routes_to_one_destination_are_two_effects(routes: tuple[dict[str, Any], ...]) -> None:
    relay, configuration = Relay(), configured(*routes)

    assert attributes(relay.takes(configuration, ENDED)) == ["agent", "disposition"]
    assert relay.takes(configuration, ENDED, republished(ENDED)) == []


def test_they_are_two_effects_for_an_instance_that_remembers_claims_too() -> None:
    relay, configuration, known = Relay(), configured(WHY, WHO), KnownClaims()
    relay.takes(configured(WHY), ENDED, known=known)

    assert attributes(relay.takes(configuration, ENDED, known=known)) == ["agent"]
    assert relay.takes(configuration, republished(ENDED), known=known) == []
    assert relay.telemetry.counts["DuplicatesRemembered"] == 3


def test_they_are_two_effects_in_a_destination_that_takes_lists() -> None:
    """They share a batch with other events, though not with each other."""
    journey = {"kind": "journey-external-events", "configuration_id": "c1"}
    ids = [{"externalSourceId": "'source'", "value": "conversation_id"}]
    item = {"identifiers": {"externalIds": ids}}
    one = {
        "name": "one",
        "destination": "journey",
        "item": {**item, "attributes": {"made": "'one'"}},
    }
    other = {
        "name": "other",
        "destination": "journey",
        "item": {**item, "attributes": {"made": "'other'"}},
    }
    relay, configuration = Relay(), configured(one, other, journey=journey)

    made = relay.takes(configuration, ENDED, envelope("acw"))

    assert sorted(item["attributes"]["made"] for item in made) == ["one", "one", "other", "other"]
    assert len({item["id"] for item in made}) == 4, "the destination would take one for a copy"
    assert relay.takes(configuration, republished(ENDED), envelope("acw")) == []


def test_the_order_and_the_number_of_routes_make_no_event_new() -> None:
    relay = Relay()
    assert attributes(relay.takes(configured(WHO), ENDED)) == ["agent"]
    assert attributes(relay.takes(configured(WHY, WHO), ENDED)) == ["disposition"]
    for routes in ([WHO, WHY], [WHO], [WHY]):
        assert relay.takes(configured(*routes), ENDED) == []


def test_another_event_under_one_identity_has_both_effects_too() -> None:
    world, event = World(), sealed_event("a")
    for number, each in enumerate((event, collision(event))):
        for route in ("one", "other"):
            copies = [
                claim(sealed([replace(each, routes=(route,))], nonce=nonce)[0], world.ledger, 0)
                for nonce in (f"{number}{route}", f"{number}{route} again")
            ]
            assert [bool(claimed.owned) for claimed in copies] == [True, False]


def test_a_claim_of_the_previous_release_holds_for_every_route() -> None:
    relay = Relay()
    (old,) = sealed([sealed_event("a")], nonce="old")
    claim(old, relay.ledger, NOW_MS)
    for route in ("one", "other"):
        (new,) = sealed([replace(sealed_event("a"), routes=(route,))], nonce=route)
        assert not claim(new, relay.ledger, NOW_MS).owned


def test_a_message_of_the_previous_release_is_read() -> None:
    (batch,) = sealed([sealed_event("a")])
    assert "routes" not in json.loads(encode(batch))
    assert decode(encode(batch)) == batch

    target = replace(TARGET, formerly=("timeline",))
    (batch,) = sealed([replace(sealed_event("a"), routes=("one", "uno"))], target=target)
    assert decode(encode(batch)) == batch


def test_the_same_item_twice_is_refused_by_name() -> None:
    twice = {**WHY, "name": "twice", "topics": ["*.user.*"]}
    with pytest.raises(ValueError, match="routes why-it-ended and twice send the same events"):
        configured(WHY, twice)
    spelled = {"attributes": {"disposition": ' "body" . disconnectType '}}
    with pytest.raises(ValueError, match="routes why-it-ended and twice send the same events"):
        configured(WHY, {**twice, "item": spelled})
    configured(WHY, {**twice, "topics": ["*.user.start", "v2.audits.*"]})


STEP = {"identifiers": {"externalIds": [{"externalSourceId": "'s'", "value": "body.userId"}]}}


def steps(own_id: str, other_id: str, **more: str) -> Configuration:
    """Two routes into journeys, each with an id of its own choice for its step."""
    one, other = (
        {**route, "destination": "journey", "item": {**STEP, **route["item"], "id": own}}
        for route, own in ((WHY, own_id), (WHO, f" {other_id}"))
    )
    journey = {"kind": "journey-external-events", "configuration_id": "c1"}
    return configured({**one, **more}, {**other, **more}, journey=journey)


@pytest.mark.parametrize("own_id", ["envelope_id", "'x'", "join('-', [body.id, topic])"])
def test_two_items_under_one_id_are_refused_by_name(own_id: str) -> None:
    """The destination would take one for a copy of the other, and there would be one effect."""
    with pytest.raises(ValueError, match=r"who-answered give items .* the same id"):
        steps(own_id, own_id)


def test_items_under_ids_that_differ_or_never_meet_are_not() -> None:
    steps("envelope_id", "conversation_id")
    steps("join('-', [id, topic])", "join('-', [id, topic])")
    steps("envelope_id", "envelope_id", when="body.userId")
    # An update of one contact by two routes is two updates.
    contacts = {"kind": "outbound-contacts", "contact_list_id": "c1"}
    one, other = (
        {**route, "destination": "contacts", "item": {"id": "envelope_id", "data": {"n": name}}}
        for route, name in ((WHY, "'a'"), (WHO, "'b'"))
    )
    configured(one, other, contacts=contacts)


def test_the_same_item_under_conditions_that_exclude_each_other_is_one_effect() -> None:
    """One medium in the first lane, the other in the last: an event has one of them."""
    voice = {**WHY, "name": "voice", "when": "body.mediaType == 'VOICE'"}
    mail = {**WHY, "name": "mail", "when": "body.mediaType == 'EMAIL'"}
    relay, called = Relay(), envelope("user-end", mediaType="VOICE")
    written = envelope("user-end", mediaType="EMAIL")

    assert len(relay.takes(configured(voice, mail), called, written, republished(called))) == 2
    with pytest.raises(ValueError, match="routes voice and why-it-ended send the same events"):
        configured(voice, WHY)
    ended = {**mail, "when": "body.disconnectType == 'PEER'"}
    with pytest.raises(ValueError, match="that exclude each other"):
        configured(voice, ended)


def renamed(what: str, *formerly: str) -> Configuration:
    if what == "route":
        return configured({**WHY, "name": "new", "formerly": list(formerly)}, WHO)
    routes = ({**route, "destination": "new"} for route in (WHY, WHO))
    return configured(*routes, new={"kind": KIND.name, "formerly": list(formerly)})


@pytest.mark.parametrize("what", ["route", "destination"])
def test_a_new_name_makes_no_event_new(what: str) -> None:
    relay, before = Relay(), configured(WHY, WHO)
    former = {"route": "why-it-ended", "destination": "attributes"}[what]
    relay.takes(before, ENDED)

    for configuration in (renamed(what, "older", former), before, renamed(what, former)):
        assert relay.takes(configuration, ENDED, republished(ENDED)) == []


def test_both_names_may_change_at_once_and_change_back() -> None:
    new = {"kind": KIND.name, "formerly": ["attributes"]}
    route = {**WHY, "destination": "new"}
    both = configured({**route, "name": "cause", "formerly": ["why-it-ended"]}, new=new)
    there_only = configured(route, new=new)
    here_only = configured({**WHY, "name": "cause", "formerly": ["why-it-ended"]})

    for first in (both, there_only, here_only, configured(WHY)):
        relay = Relay()
        assert attributes(relay.takes(first, ENDED)) == ["disposition"]
        for then in (both, configured(WHY), both, there_only, both, here_only, both):
            assert relay.takes(then, ENDED, republished(ENDED)) == []


@pytest.mark.parametrize("what", ["route", "destination"])
def test_the_former_name_can_be_left_out_when_no_copy_comes_any_more(what: str) -> None:
    """What is claimed while it is listed is claimed under the new name, too, and in a roll-back
    under the old one."""
    relay, former = Relay(), {"route": "why-it-ended", "destination": "attributes"}[what]
    relay.takes(renamed(what, former), ENDED)

    assert relay.takes(renamed(what), ENDED) == []
    assert relay.takes(configured(WHY, WHO), ENDED) == []


def test_without_the_former_name_everything_is_new() -> None:
    relay = Relay()
    relay.takes(configured(WHY, WHO), ENDED)

    assert attributes(relay.takes(renamed("destination"), ENDED)) == ["agent", "disposition"]


def test_a_batch_that_was_sealed_under_the_old_name_claims_beside_one_under_the_new() -> None:
    """In the minutes of a deploy both are on their way, in either order; one comes through."""
    event = replace(sealed_event("a"), routes=("why-it-ended",))
    old, new = TARGET, replace(TARGET, destination="a-new-name", formerly=(TARGET.destination,))
    other = replace(TARGET, destination="z-new-name", formerly=(TARGET.destination,))
    for targets in permutations([old, new, other]):
        world = World()
        owners = [
            claim(sealed([event], target=target, nonce=str(n))[0], world.ledger, NOW_MS).owned
            for n, target in enumerate(targets)
        ]
        assert [bool(owned) for owned in owners] == [True, False, False]


def test_a_claim_that_was_cut_off_between_two_names_is_resumed() -> None:
    world, target = World(), replace(TARGET, formerly=("a", "z"))
    (batch,) = sealed([replace(sealed_event("a"), routes=("one",))], target=target)
    (copy,) = sealed([replace(sealed_event("a"), routes=("one",))], target=target, nonce="copy")
    world.table.insert({**first_claim(batch), "batch_id": batch.batch_id})

    assert not claim(copy, world.ledger, NOW_MS).owned
    assert claim(batch, world.ledger, NOW_MS).owned


def first_claim(batch: Batch) -> dict[str, Any]:
    world, target = World(), replace(batch.target, destination="a", formerly=())
    claim(replace(batch, target=target), world.ledger, NOW_MS)
    return dict(next(iter(world.table.items.values())))


def test_an_old_event_of_a_renamed_destination_is_known_beyond_the_horizon() -> None:
    relay = Relay()
    relay.takes(configured(WHY, WHO), ENDED)
    relay.timeline.advance(HORIZON_S + 3600)

    assert relay.takes(renamed("destination", "attributes"), ENDED) == []
    assert relay.telemetry.counts["BeyondHorizon"] == 0


def test_a_request_that_names_the_old_destination_is_sent() -> None:
    simulated = Simulated()
    batch = simulated.batch([simulated_envelope(1)])
    after = configured(
        {"name": "all", "destination": "new"}, new={**JOURNEY, "formerly": ["there"]}
    )
    simulated.settings = replace(simulated.settings, configuration=after)
    simulated.write = simulated.writer()

    simulated.write_all()

    assert simulated.state(batch) == "DONE"


@pytest.mark.parametrize(
    ("routes", "destinations"),
    [
        ([WHY, {**WHO, "formerly": ["why-it-ended"]}], DESTINATIONS),
        ([WHY], {**DESTINATIONS, "new": {"kind": KIND.name, "formerly": ["attributes"]}}),
        ([{**WHY, "formerly": ["x", "x"]}], DESTINATIONS),
    ],
)
def test_a_name_that_stands_for_two_is_refused(routes: list[Any], destinations: Any) -> None:
    with pytest.raises(ValueError, match="is used twice among the"):
        parse({"destinations": destinations, "routes": routes})


def test_the_trace_shows_which_route_made_what_and_shows_each_once() -> None:
    relay, conversation = Relay(), str(ENDED["detail"]["eventBody"]["conversationId"])
    relay.takes(renamed("destination", "attributes"), ENDED)

    events = trace(conversation, relay.ledger).events

    assert sorted((e.destination, e.route) for e in events) == [
        ("new", "who-answered"),
        ("new", "why-it-ended"),
    ]
    for event in events:
        found = trace(event.batch_id, relay.ledger).events
        assert event in found
