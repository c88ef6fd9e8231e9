"""Event buses, queues and delivery streams: each record's result is read, none is lost, and no
duplicate goes unlisted."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from lambdas.relay.kernel.ports import Busy, NotSent, Record, Rejected, Taken, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulation.memory.records import MemoryRecords
from tests.unit.simulated import Simulated, configuration, envelope

ARNS = {
    "event-bus": "arn:aws:events:eu-central-1:123456789012:event-bus/apps",
    "queue": "arn:aws:sqs:eu-central-1:123456789012:orders",
    "firehose": "arn:aws:firehose:eu-central-1:123456789012:deliverystream/lake",
}
every_kind = pytest.mark.parametrize("kind", ARNS)


class Beside(Simulated):
    def __init__(self, kind: str, **more: Any) -> None:
        super().__init__(configuration({"kind": kind, "arn": ARNS[kind], **more}))
        self.service: MemoryRecords = self.records(kind)
        self.kind = kind
        self.write = self.writer()

    @property
    def numbers(self) -> list[int]:
        """What the service has, by the events' numbers."""
        items = [json.loads(r.text) for r in self.service.taken.get(ARNS[self.kind], [])]
        return [item.get("data", item.get("detail"))["number"] for item in items]

    def answers(self, *answers: Callable[[Sequence[Record]], Any]) -> None:
        left = list(answers)
        self.service.answer = lambda records: (left.pop(0) if left else all_taken)(records)


def all_taken(records: Sequence[Record]) -> Taken:
    return Taken([""] * len(records))


@every_kind
def test_a_batch_is_one_call_without_a_slot_of_genesys(kind: str) -> None:
    world = Beside(kind)
    batch = world.batch([envelope(number) for number in range(3)])
    world.write_all()
    assert world.numbers == [0, 1, 2]
    assert world.service.calls == 1
    assert world.state(batch) == "DONE"
    assert not [key for key in world.table.items if "pace" in key[0]]
    assert world.http.sent == []


@every_kind
def test_records_that_failed_for_now_go_again_and_only_they(kind: str) -> None:
    world = Beside(kind)
    world.answers(lambda records: Taken(["", "InternalFailure", ""]))
    world.batch([envelope(number) for number in range(3)])
    world.write_all()
    assert sorted(world.numbers) == [0, 1, 2]


@every_kind
def test_a_record_that_is_refused_goes_to_a_person_alone(kind: str) -> None:
    world = Beside(kind)

    def picky(records: Sequence[Record]) -> Taken:
        return Taken(["MalformedDetail" if '"number":1' in r.text else "" for r in records])

    world.service.answer = picky
    world.batch([envelope(number) for number in range(3)])
    world.write_all()
    assert sorted(world.numbers) == [0, 2]
    (kept,) = [d for name, d in world.documents.items() if name.startswith("review/")]
    assert "MalformedDetail" in kept


@every_kind
def test_a_call_that_is_refused_for_one_record_is_halved_until_that_is_alone(
    kind: str,
) -> None:
    world = Beside(kind)

    def picky(records: Sequence[Record]) -> Taken | Rejected:
        is_bad = any('"number":3' in record.text for record in records)
        return Rejected(Code.QUOTED("ValidationException")) if is_bad else all_taken(records)

    world.service.answer = picky
    world.batch([envelope(number) for number in range(5)])
    world.write_all()
    assert sorted(world.numbers) == [0, 1, 2, 4]
    (kept,) = [d for name, d in world.documents.items() if name.startswith("review/")]
    assert "ValidationException" in kept


@every_kind
def test_a_fault_that_the_service_calls_its_own_passes(kind: str) -> None:
    world = Beside(kind)
    world.answers(lambda records: Taken(["", "Whatever", ""], frozenset({"Whatever"})))
    world.batch([envelope(number) for number in range(3)])
    world.write_all()
    assert sorted(world.numbers) == [0, 1, 2]
    assert not [name for name in world.documents if name.startswith("review/")]


@every_kind
@pytest.mark.parametrize(
    "answer",
    [
        lambda records: Taken(["ThrottlingException"] * len(records)),
        lambda records: Busy(Code.QUOTED("ThrottlingException")),
        lambda records: NotSent(Code.QUOTED("AccessDeniedException")),
    ],
)
def test_what_certainly_did_not_happen_comes_again_and_is_no_possible_duplicate(
    kind: str, answer: Callable[[Sequence[Record]], Any]
) -> None:
    world = Beside(kind)
    world.answers(answer, answer)
    batch = world.batch([envelope(number) for number in range(3)])
    world.write_all()
    assert world.numbers == [0, 1, 2]
    assert world.state(batch) == "DONE"
    assert world.telemetry.counts["InDoubtReposted"] == 0


@every_kind
def test_an_unknown_outcome_is_listed_or_goes_to_a_person(kind: str) -> None:
    listed, asked = Beside(kind), Beside(kind, unknown="manual")
    for world in (listed, asked):
        world.answers(lambda records: Unanswered(Code.QUOTED("ReadTimeoutError")))
        world.batch([envelope(1)])
        world.write_all()
    assert (listed.numbers, listed.telemetry.counts["InDoubtReposted"]) == ([1, 1], 1)
    assert asked.numbers == [1]
    assert any(name.startswith("review/") for name in asked.documents)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"kind": "event-bus", "arn": ARNS["queue"]}, "expected the ARN of an event bus"),
        ({"kind": "queue", "arn": "orders"}, "expected the ARN of a queue"),
        ({"kind": "queue", "arn": "arn:aws:sqs:eu-central-1:123456789012:*"}, "ARN of a queue"),
        ({"kind": "firehose"}, "there.arn is missing; expected the ARN of a delivery stream"),
        ({"kind": "queue", "arn": ARNS["queue"], "max_items": 11}, "from 1 to 10"),
        ({"kind": "event-bus", "arn": ARNS["event-bus"], "item": {"detail": "body"}}, "source"),
        (
            {
                "kind": "queue",
                "arn": ARNS["queue"],
                "confirmation": {"match": "entity", "topics": ["x"]},
            },
            "only Genesys' events confirm",
        ),
    ],
)
def test_an_invalid_sink_gives_one_sentence(section: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        configuration(section)
