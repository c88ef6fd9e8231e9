"""The client: one request per attempt, a slot for each, nothing hidden."""

from dataclasses import replace

from lambdas.relay.genesys.outcomes import Deferred
from lambdas.relay.kernel.ports import Answer
from simulator.assumptions import Assumptions
from simulator.faults import Conduct
from tests.unit.simulated import JOURNEY, JOURNEY_ITEM, Simulated, configuration, envelope


def test_its_questions_take_slots_too() -> None:
    world = Simulated()
    world.settings = replace(world.settings, requests_per_minute=3)
    client = world.genesys()
    answers = [client.get("/api/v2/conversations/x", "c") for _ in range(3)]
    assert [type(answer) for answer in answers] == [Answer, Answer, Deferred]
    last = answers[-1]
    assert isinstance(last, Deferred)
    assert not last.is_fault
    assert len(world.http.sent) == 3  # a login, two questions


def test_a_question_about_a_request_carries_its_id() -> None:
    world = Simulated()
    world.genesys().get("/api/v2/conversations/x", "the request's")
    assert world.http.sent[-1].header("x-correlation-id") == "the request's"


def test_a_request_is_sent_once_whatever_comes_of_it() -> None:
    for conduct in (Conduct(error=1.0), Conduct(lost_answer=1.0), Conduct(redirect=1.0)):
        world = Simulated(conduct=conduct)
        batch = world.batch([envelope(1)])
        client = world.genesys()
        client.post(batch, world.configuration.destinations["there"])
        assert len(world.posts()) == 1


def test_what_the_answer_says_about_the_limit_comes_with_it() -> None:
    world = Simulated()
    batch = world.batch([envelope(1)])
    posted = world.genesys().post(batch, world.configuration.destinations["there"])
    assert posted.rate is not None
    assert (posted.rate.count, posted.rate.allowed) == (1, 300)


def test_requests_never_exceed_512_000_bytes() -> None:
    """What a batch may hold is measured in bytes of its encoded items."""
    world = Simulated(configuration(JOURNEY, item={**JOURNEY_ITEM, "x": "body.fill"}))
    batch = world.batch([envelope(n, fill="ü" * 20_000) for n in range(4)])
    assert len(batch.body()) <= 512_000
    world.platform.assumptions = Assumptions(unknown_members_are_refused=False)
    world.write_all()
    assert len(world.taken()) == 4
