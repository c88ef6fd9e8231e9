"""The lane of a route: sealed into its batches, and where they wait to be written."""

import json
from dataclasses import replace

import pytest

from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.lanes import LANES, Lane, queues, title, without_lane, writes_queue
from lambdas.relay.kernel.limits import QUEUES
from lambdas.relay.kernel.ports import Outgoing
from lambdas.relay.messages.by_lane import ByLane
from lambdas.relay.messages.checksum import checksum_of
from lambdas.relay.messages.glimpse import lane_of
from lambdas.relay.messages.sealing import Batch, decode, encode, encode_unclaimed
from tests.unit.batches import TARGET, sealed, sealed_event
from tests.unit.world import World


def batch_in(lane: Lane, *said: str) -> Batch:
    events = [sealed_event(each) for each in said or ("a",)]
    (batch,) = sealed(events, target=replace(TARGET, lane=lane))
    return batch


@pytest.mark.parametrize("lane", LANES)
def test_a_message_names_its_lane_and_its_parts_have_it_too(lane: Lane) -> None:
    batch = batch_in(lane, "a", "b")

    for text in (encode(batch), encode_unclaimed(batch), encode(batch.part([1]))):
        assert lane_of(text) == lane
        assert decode(text).target.lane == lane


def test_what_goes_without_lanes_is_written_as_it_always_was() -> None:
    assert '"lane"' not in encode(batch_in("normal"))


def test_a_lane_is_no_part_of_what_a_request_is_known_by() -> None:
    assert len({batch_in(lane).batch_id for lane in LANES}) == 1


def test_an_event_cannot_choose_a_lane() -> None:
    (batch,) = sealed([sealed_event("a", item=json.dumps({"lane": "first"}))])

    assert lane_of(encode(batch)) == "normal"


def test_a_lane_that_nobody_knows_is_no_message_of_ours() -> None:
    document = json.loads(encode(batch_in("first")))
    document.pop("sum")
    document["lane"] = "fastest"

    with pytest.raises(Malformed):
        decode(json.dumps({**document, "sum": checksum_of(canonical(document))}))


def test_each_message_goes_to_the_queue_of_its_lane() -> None:
    world = World()
    sent = {lane: encode(batch_in(lane)) for lane in LANES}
    places = dict(zip(LANES, QUEUES, strict=False))

    ByLane({lane: world.queue(name) for lane, name in places.items()}).send(
        [Outgoing(text) for text in sent.values()]
    )

    for lane, name in places.items():
        assert world.bodies(name) == [sent[lane]]


def test_without_lanes_there_are_the_queues_that_there_have_always_been() -> None:
    assert queues(has_lanes=False) == QUEUES
    assert list(queues(has_lanes=True))[4:] == ["writes-first", "writes-last"]
    assert {without_lane(name) for name in queues(has_lanes=True)} == set(QUEUES)
    assert title("writes-first") == "WritesFirst"
    assert writes_queue("normal") == "writes"
