"""The client: one request an attempt, a slot for each, nothing hidden."""

from dataclasses import replace

from lambdas.relay.destinations.destination import Destination, ReadBack
from lambdas.relay.genesys.outcomes import Deferred
from lambdas.relay.kernel.ports import Answer
from simulator.assumptions import Assumptions
from simulator.faults import Conduct
from simulator.organization import CONTACT_LIST_ID
from tests.unit.kinds import section
from tests.unit.simulated import JOURNEY, JOURNEY_ITEM, Simulated, configuration, envelope


def test_what_it_asks_takes_slots_too() -> None:
    world = Simulated()
    world.settings = replace(world.settings, requests_per_minute=3)
    client = world.genesys()
    answers = [client.get("/api/v2/conversations/x", "c") for _ in range(3)]
    assert [type(answer) for answer in answers] == [Answer, Answer, Deferred]
    last = answers[-1]
    assert isinstance(last, Deferred)
    assert not last.is_fault
    assert len(world.http.sent) == 3  # a login, two questions


def test_a_request_is_sent_once_whatever_comes_of_it() -> None:
    for conduct in (Conduct(error=1.0), Conduct(lost_answer=1.0), Conduct(redirect=1.0)):
        world = Simulated(conduct=conduct)
        batch = world.batch([envelope(1)])
        client = world.genesys()
        client.post(batch, world.configuration.destinations["there"])
        assert len(world.posts()) == 1


def test_the_answers_word_on_the_limit_comes_with_it() -> None:
    world = Simulated()
    batch = world.batch([envelope(1)])
    posted = world.genesys().post(batch, world.configuration.destinations["there"])
    assert posted.rate is not None
    assert (posted.rate.count, posted.rate.allowed) == (1, 300)


CONTACTS = f"/api/v2/outbound/contactlists/{CONTACT_LIST_ID}/contacts/{{id}}"


def read_back() -> tuple[Simulated, Destination]:
    """A contact list, whose contacts can be asked for by the ids that we gave them."""
    world = Simulated(configuration(section("outbound-contacts")))
    there = world.configuration.destinations["there"]
    return world, replace(there, read_back=ReadBack.at(CONTACTS, lambda *_: True))


def test_a_read_back_says_which_items_are_there() -> None:
    world, there = read_back()
    batch = world.batch([envelope(1)])
    client = world.genesys()
    assert client.taken(batch, there) == frozenset()
    client.post(batch, there)
    assert client.taken(batch, there) == frozenset({0})


def test_a_read_back_that_is_not_answered_says_nothing() -> None:
    world, there = read_back()
    batch = world.batch([envelope(1)])
    world.platform.outage(60, "503")
    client = world.genesys()
    assert client.taken(batch, there) is None


def test_requests_never_exceed_512_000_bytes() -> None:
    """What a batch may hold is measured in bytes of its encoded items."""
    world = Simulated(configuration(JOURNEY, item={**JOURNEY_ITEM, "x": "body.fill"}))
    batch = world.batch([envelope(n, fill="ü" * 20_000) for n in range(4)])
    assert len(batch.body()) <= 512_000
    world.platform.assumptions = Assumptions(unknown_members_are_refused=False)
    world.write_all()
    assert len(world.taken()) == 4
