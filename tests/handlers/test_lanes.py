"""A lane's messages from its queue to Genesys and back, under the roles of a stack with lanes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lambdas.relay.kernel.lanes import LANES, Lane, writes_queue
from lambdas.relay.messages.sealing import Batch, decode, encode, encode_unclaimed
from tests.handlers.conftest import CONFIGURATION, GENESYS_URL, Functions, deployed
from tests.handlers.genesys import Genesys
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Template
from tests.unit.test_lanes import batch_in


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    text = environment_text(
        'removal = "destroy"',
        "lanes = true",
        genesys=f'api_url = "{GENESYS_URL}"\nlogin_url = "{GENESYS_URL}"',
    )
    return synthesise(tmp_path_factory.mktemp("lanes"), lanes=text).templates["lanes"]


@pytest.fixture
def functions(
    template: Template, genesys: Genesys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Functions]:
    with deployed(
        template, {**CONFIGURATION, "lanes": True}, genesys, monkeypatch, tmp_path
    ) as functions:
        yield functions


def claimed(functions: Functions, lane: Lane) -> Batch:
    """Makes dedup put a message of the lane into its queue."""
    batch = batch_in(lane, lane)
    functions.deployment.send("batches", encode_unclaimed(batch))
    assert functions.consume("dedup", "batches") == []
    return batch


@pytest.mark.parametrize("lane", LANES)
def test_a_batch_waits_in_its_lane_and_is_written_from_there(
    functions: Functions, genesys: Genesys, lane: Lane
) -> None:
    batch = claimed(functions, lane)

    assert functions.consume("write", writes_queue(lane)) == []

    ((_, body),) = genesys.posts
    assert body == batch.body()
    # Lambda deletes what the function reports as done, and here nobody does.
    waiting = {other: functions.deployment.waiting(writes_queue(other)) for other in LANES}
    assert waiting == {other: int(other == lane) for other in LANES}


def test_what_cannot_be_written_now_stays_in_its_lane(
    functions: Functions, genesys: Genesys
) -> None:
    batch = claimed(functions, "first")
    genesys.answers.append((503, {"code": "some.code", "message": "words"}))

    assert functions.consume("write", "writes-first") == [encode(batch)]

    assert functions.deployment.waiting("writes-first") == 1


def test_what_is_refused_is_split_and_its_parts_stay_in_its_lane(
    functions: Functions, genesys: Genesys
) -> None:
    functions.deployment.send("batches", encode_unclaimed(batch_in("last", "a", "b")))
    functions.consume("dedup", "batches")
    genesys.answers.append((400, {"code": "bad.request", "message": "no", "contextId": "c"}))

    assert functions.consume("write", "writes-last") == []

    parts = [decode(body) for body in functions.deployment.bodies("writes-last")]
    assert [len(part.events) for part in parts] == [1, 1]


def test_a_dead_letter_of_a_lane_goes_back_into_it(functions: Functions) -> None:
    batch = claimed(functions, "first")
    (text,) = functions.deployment.bodies("writes-first")
    functions.deployment.send("writes-first-dead", text)

    functions.invoke("reconcile", {})

    assert decode(text) == batch
    assert functions.deployment.waiting("writes-first") == 2
    assert functions.deployment.waiting("writes-first-dead") == 0
