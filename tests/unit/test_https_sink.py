"""An HTTPS endpoint beside Genesys: the same claims, leases and records, signed, and no token."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from lambdas.relay.genesys.outcomes import Accepted, Deferred, Refused, Unsure
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.sinks.https import judge, secret_of, signed
from simulation.memory.timeline import Timeline
from stacks.schema.parsing import parse
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY, Simulated, configuration, envelope

URL = "https://hooks.example.com/relay/events"
KEY = "a" * 64
SINK = {"kind": "https", "url": URL}


@dataclass
class Receiver:
    """A receiver as the specification wants it: it verifies, and knows a repetition by its id."""

    timeline: Timeline
    answer: Callable[[Any], Answer | NotSent | Unanswered] = lambda _: Answer(200, {}, b"")
    keys: Sequence[str] = (KEY,)
    taken: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        self.asked.append((method, url, headers))
        assert "Authorization" not in headers
        if not self._is_signed(headers, body or b""):
            return Answer(401, {}, b"")
        document = json.loads(body or b"")
        answer = self.answer(document)
        if not isinstance(answer, NotSent) and (
            isinstance(answer, Unanswered) or answer.status < 300
        ):
            self.taken.setdefault(headers["webhook-id"], document)
        return answer

    def _is_signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        at = headers["webhook-timestamp"]
        said = f"{headers['webhook-id']}.{at}.".encode() + body
        proofs = {
            "v1," + base64.b64encode(hmac.digest(base64.b64decode(k), said, "sha256")).decode()
            for k in self.keys
        }
        is_fresh = abs(int(at) - self.timeline.now_ms // 1000) < 300
        return is_fresh and bool(proofs & set(headers["webhook-signature"].split()))


@dataclass
class Keys:
    """Implements relay.kernel.ports.SenderKeys."""

    stored: Mapping[str, Sequence[str]]
    fresh: list[bool] = field(default_factory=list)

    def of(self, sender: str, fresh: bool) -> Sequence[str]:
        self.fresh.append(fresh)
        return self.stored.get(sender, ())


class Beside(Simulated):
    def __init__(self, *keys: str, **more: Any) -> None:
        super().__init__(configuration({**SINK, **more}))
        self.receiver = Receiver(self.timeline)
        self.http: Any = self.receiver
        self.keys = Keys({"there": keys or (KEY,)})
        self.signing_keys: Any = self.keys
        self.write = self.writer()


def key_of(size: int) -> str:
    """A key of so many bytes."""
    return base64.b64encode(b"x" * size).decode()


def test_a_signature_is_what_the_specification_s_library_makes() -> None:
    """The values are those of the library `standardwebhooks` (PyPI, 1.0) for the same message."""
    secret = secret_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert secret is not None
    made = signed([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "key", ["", "whsec_", "no base64!", "a" * 32 + "!", "YWJj", key_of(23), key_of(65), "a" * 88]
)
def test_what_is_no_key_signs_nothing(key: str) -> None:
    assert secret_of(key) is None


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_key_sign(size: int) -> None:
    assert secret_of(key_of(size)) == b"x" * size


def test_a_batch_is_one_signed_request_without_a_token_or_a_slot() -> None:
    world = Beside()
    batch = world.batch([envelope(1), envelope(2)])
    world.write_all()
    ((method, url, headers),) = world.receiver.asked
    assert (method, url, headers["webhook-id"]) == ("POST", URL, batch.batch_id)
    (document,) = world.receiver.taken.values()
    assert [set(event) for event in document["events"]] == [{"id", "type", "timestamp", "data"}] * 2
    assert document["events"][0]["data"]["number"] == 1
    assert world.state(batch) == "DONE"
    assert world.keys.fresh == [False], "the kept keys will do"
    assert not [key for key in world.table.items if "pace" in key[0]]


def test_a_single_event_is_the_body() -> None:
    world = Beside(single=True)
    world.batch([envelope(1)])
    world.write_all()
    (document,) = world.receiver.taken.values()
    assert set(document) == {"type", "timestamp", "data"}


def test_a_sink_that_is_down_holds_up_nothing_of_genesys() -> None:
    """One event to both: Genesys has it at once, the sink when it is back, each once."""
    routes = [{"name": name, "destination": name} for name in ("journey", "sink")]
    both = parse({"destinations": {"journey": JOURNEY, "sink": SINK}, "routes": routes})
    world = Simulated(both)
    genesys, down = world.http, [True]
    receiver = Receiver(world.timeline, lambda _: Answer(500 if down[0] else 200, {}, b""))

    class Either:
        def send(self, method: str, url: str, headers: Any, body: bytes | None) -> Any:
            where: Any = receiver if url == URL else genesys
            return where.send(method, url, headers, body)

    world.http = cast(Any, Either())
    world.signing_keys = cast(Any, Keys({"sink": [KEY]}))
    world.write = world.writer()
    batches = {}
    for route in both.routes:
        world.configuration = replace(both, routes=(route,))
        batches[route.name] = world.batch([envelope(1)], route.name)

    world.write_all(most_s=600)
    assert (world.state(batches["journey"]), len(world.taken())) == ("DONE", 1)
    assert world.telemetry.counts["BreakerOpened"] == 1

    down[0] = False
    world.write_all()
    assert world.state(batches["sink"]) == "DONE"
    assert (len(receiver.taken), len(world.taken())) == (1, 1)


def test_while_a_key_changes_both_sign() -> None:
    world = Beside("b" * 64, KEY)
    world.receiver.keys = ["c" * 64, KEY]
    world.batch([envelope(1)])
    world.write_all()
    assert world.receiver.taken


def test_a_repetition_is_known_by_its_id() -> None:
    """The first answer is lost; the second attempt bears the same id, and is listed as possible."""
    answers: list[Any] = [Unanswered(Code.QUOTED("no answer")), Answer(204, {}, b"")]
    world = Beside()
    world.receiver.answer = lambda _: answers.pop(0)
    batch = world.batch([envelope(1)])
    world.write_all()
    assert len(world.receiver.asked) == 2
    assert list(world.receiver.taken) == [batch.batch_id]
    assert world.telemetry.counts["InDoubtReposted"] == 1


def test_where_the_receiver_knows_ids_a_repetition_is_no_possible_duplicate() -> None:
    answers: list[Any] = [Unanswered(Code.QUOTED("no answer")), Answer(204, {}, b"")]
    world = Beside(key={"honoured_hours": 24})
    world.receiver.answer = lambda _: answers.pop(0)
    world.batch([envelope(1)])
    world.write_all()
    assert world.telemetry.counts["InDoubtReposted"] == 0


def test_a_poison_event_is_isolated_and_the_rest_is_taken() -> None:
    world = Beside()

    def picky(document: Any) -> Answer:
        is_poison = any(event["data"]["number"] == 3 for event in document["events"])
        return Answer(422 if is_poison else 200, {}, b'{"message": "not that one"}')

    world.receiver.answer = picky
    world.batch([envelope(number) for number in range(8)])
    world.write_all()
    taken = [e["data"]["number"] for d in world.receiver.taken.values() for e in d["events"]]
    assert sorted(taken) == [0, 1, 2, 4, 5, 6, 7]
    (kept,) = [d for name, d in world.documents.items() if name.startswith("review/")]
    assert "not that one" in kept


def test_an_endpoint_that_is_busy_rests_and_genesys_is_not_slowed_down() -> None:
    answers: list[Any] = [Answer(429, {"Retry-After": "20"}, b""), Answer(200, {}, b"")]
    world = Beside()
    world.receiver.answer = lambda _: answers.pop(0)
    began_ms = world.timeline.now_ms
    batch = world.batch([envelope(1)])
    world.write_all()
    assert world.state(batch) == "DONE"
    assert world.timeline.now_ms - began_ms >= 20_000
    assert not [key for key in world.table.items if "pace" in key[0]]


@pytest.mark.parametrize("keys", [(), ("not base64 at all, though long enough",)])
def test_without_a_usable_key_nothing_is_sent_and_nothing_lost(keys: Sequence[str]) -> None:
    world = Beside()
    world.keys.stored = {"there": keys}
    batch = world.batch([envelope(1)])
    world.write_once()
    assert world.receiver.asked == []
    said = [fields.get("reason") for message, fields in world.telemetry.notes]
    assert said == [Code.NO_SIGNING_KEY("there")]
    world.keys.stored = {"there": [KEY]}
    world.write_all()
    assert world.state(batch) == "DONE"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (NotSent(Code.QUOTED("no connection")), Deferred),
        (Unanswered(Code.QUOTED("no answer")), Unsure),
        (Answer(200, {}, b"thanks"), Accepted),
        (Answer(202, {}, b'{"error": "none of our business"}'), Accepted),
        (Answer(400, {}, b""), Refused),
        (Answer(413, {}, b""), Refused),
        (Answer(401, {}, b""), Deferred),
        (Answer(404, {}, b""), Deferred),
        (Answer(410, {}, b""), Deferred),
        (Answer(300, {}, b""), Deferred),
        (Answer(301, {}, b""), Deferred),
        (Answer(408, {}, b""), Unsure),
        (Answer(429, {}, b""), Deferred),
        (Answer(500, {}, b""), Unsure),
        (Answer(503, {}, b""), Unsure),
        (Answer(503, {"Retry-After": "3"}, b""), Deferred),
    ],
)
def test_what_an_answer_means(answer: Any, outcome: type) -> None:
    judged = judge(answer, NOW_MS)

    assert type(judged) is outcome
    if isinstance(judged, Deferred):
        assert judged.is_fault == (judged.status not in (429, 503)), "only who is busy may rest"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": "http://hooks.example.com/x"}, "there.url is .*; expected https://<host>"),
        ({"url": "https://hooks.example.com:8443/x"}, "without port"),
        ({"url": "https://me:secret@hooks.example.com/x"}, "without port, user"),
        ({"url": "https://hooks.example.com/x?token=1"}, "query and fragment"),
        ({"url": "https://hooks.example.com/../x"}, "there.path is"),
        ({"url": "https://[/x"}, "expected https"),
        ({"url": "https://localhost/x"}, "expected https"),
        ({"url": 7}, "there.url is 7; expected https:"),
        ({"confirmation": {"match": "entity", "topics": ["x"]}}, "only Genesys' events confirm"),
        ({"list": "x"}, "there.list is not a known key"),
    ],
)
def test_an_invalid_endpoint_gives_one_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        configuration({**SINK, **wrong})


def test_a_local_run_needs_no_tls() -> None:
    (route,) = configuration({**SINK, "url": "http://127.0.0.1:9000/x"}).routes
    assert urlsplit(route.destination.host).port == 9000
