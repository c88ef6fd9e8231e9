"""Answers that real platforms, and proxies in front of them, have given; through the writer."""

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lambdas.relay.correlation.entries import Entry
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.genesys.circuit_breaker import DEFAULT
from lambdas.relay.kernel.backoff import RETRY_AFTER_MAX_S
from lambdas.relay.kernel.limits import CONFLICT_MAX_S, REFUSALS_MAX
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.kernel.reasons import Code
from lambdas.relay.requests.record import record_key
from simulator.messages import Request
from tests.unit.kinds import section
from tests.unit.simulated import JOURNEY, Simulated, SimulatedHttp, configuration, envelope

CONTEXT = "0c0e8b3c-0000-4000-8000-000000000001"
CONTACTS = section("external-contacts-enrich")


def document(status: int, body: Any, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json", **named}, data)


def own_error(status: int, message: str) -> Answer:
    body = {"code": "some.code", "status": status, "message": message, "contextId": CONTEXT}
    return document(status, body)


def says(world: Simulated, answer: Callable[[Request], Answer | None] | Answer) -> list[Request]:
    """Genesys answers writes with this; lists those that it answered. None: with its own answer."""
    sent: list[Request] = []

    def instead(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        request = Request(method, url.split("simulated")[1], {}, headers, body or b"")
        said: Answer | None = None
        if method != "GET" and "oauth" not in url and "lookup" not in url:
            said = answer if isinstance(answer, Answer) else answer(request)
        if said is None:
            return SimulatedHttp.send(world.http, method, url, headers, body)
        sent.append(request)
        world.timeline.advance(0.1)
        return said

    world.http.send = instead  # type: ignore[method-assign]
    return sent


def unprocessed(*rows: Mapping[str, Any]) -> Answer:
    return document(200, {"unprocessedEntities": list(rows)})


def row(index: Any, **more: Any) -> dict[str, Any]:
    told = {"isRetryable": False, "statusCode": 400, "errorMessage": "bad attribute"}
    return {"originalRequestIndex": index, **told, **more}


# --- 2xx


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Endpoint request timed out"},
        {"errorMessage": "Task timed out after 29 s", "errorType": "Timeout"},
        {"code": "internal", "status": 500, "message": "no", "errors": [], "details": []},
        b"<html><body>Please sign in</body></html>",
        b"",
    ],
    ids=["gateway", "function", "error body", "page", "empty"],
)
@pytest.mark.parametrize("kind", [JOURNEY, section("conversation-events"), CONTACTS])
def test_a_2xx_that_is_not_the_endpoints_own_delivers_nothing(kind: Any, body: Any) -> None:
    world = Simulated(configuration(kind))
    batch = world.batch([envelope(1, "customer.start")])
    says(world, document(200, body))

    world.write_once()

    assert world.state(batch) == "OPEN"
    assert "doubt_since_ms" in world.table.items[record_key(batch.batch_id)]
    assert world.telemetry.counts["Delivered"] == 0


STAY_SO: list[Callable[[int], Any]] = [
    lambda n: {"message": "Endpoint request timed out"},
    lambda n: {"message": f"Request {n} failed", "requestId": f"r{n}", "timestamp": n},
    lambda n: f"<html><body>Please wait ({n})</body></html>".encode(),
    lambda n: b'{"unprocessedEnt',
    lambda n: b"",
]


@pytest.mark.parametrize("body", STAY_SO, ids=["same", "in other words", "page", "half", "empty"])
@pytest.mark.parametrize(
    ("unknown", "sends"), [("repost", 2), ("manual", 1)], ids=["repeated once", "not repeated"]
)
def test_a_2xx_that_says_nothing_twice_goes_to_a_person_with_the_answer(
    unknown: str, sends: int, body: Callable[[int], Any]
) -> None:
    world = Simulated(configuration({**JOURNEY, "unknown": unknown}))
    batch = world.batch([envelope(n) for n in range(3)])
    answers: list[Answer] = []

    def answer(request: Request) -> Answer:
        answers.append(document(200, body(len(answers))))
        return answers[-1]

    sent = says(world, answer)
    world.write_all(most_s=86_400)

    assert len(sent) == sends
    assert world.state(batch) == "MANUAL_REVIEW"
    (case,) = world.in_review()
    assert case.get("answer", "") == answers[-1].body.decode()
    assert "esolve it" in case["advice"]
    assert world.telemetry.counts["Delivered"] == 0
    record = world.table.items[record_key(batch.batch_id)]
    assert record.get("reposts", 0) == sends - 1
    assert "doubt_since_ms" in record


def test_a_page_that_everybody_gets_blames_no_request_that_can_be_repeated() -> None:
    world = Simulated(configuration({**JOURNEY, "key": {"honoured_hours": 24}}))
    for number in range(40):
        world.batch([envelope(number)], str(number))
    until_ms = world.timeline.now_ms + 3_600_000
    page = document(200, b"<html>Please wait</html>")
    says(world, lambda request: page if world.timeline.now_ms < until_ms else None)

    world.write_all(most_s=12 * 3_600)

    assert len(world.taken()) + len(world.in_review()) == 40
    assert len(world.in_review()) <= DEFAULT.failures
    assert world.telemetry.counts["BreakerOpened"] == 1


def test_one_answer_that_says_nothing_does_not_hold_up_the_next() -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(3)])
    sent: list[Request] = []

    def answer(request: Request) -> Answer | None:
        sent.append(request)
        return document(200, {"message": "try later"}) if len(sent) == 1 else None

    says(world, answer)
    world.write_all(most_s=3_600)
    assert world.state(batch) == "DONE"
    assert world.in_review() == []


ERRORS = [
    {"__type": "InternalServerException", "Message": "x"},
    {"type": "about:blank", "title": "Service Unavailable", "detail": "overloaded"},
    {"timestamp": "t", "status": "x", "error": None, "message": "m", "path": "/api"},
    {
        "message": "m", "code": "internal.error", "messageWithParams": "m", "messageParams": {},
        "entityId": "e", "contextId": "c", "details": [], "errors": [],
    },
    {"statusCode": "500", "body": "x"},
    {"httpStatus": 503, "reason": "x"},
    {"success": False, "reason": "x"},
    {"status": "FAILED", "reason": "x"},
    {"exception": "java.lang.NullPointerException"},
    [{"message": "no", "code": "bad"}, {"message": "no", "code": "bad"}],
]  # fmt: skip


@pytest.mark.parametrize("body", ERRORS, ids=str)
@pytest.mark.parametrize(
    "kind",
    [section(k) for k in ("participant-attributes", "generic", "conversation-events")]
    + [section("outbound-contacts")],
    ids=lambda kind: str(kind["kind"]),
)
def test_an_error_document_under_200_delivers_nothing_whoever_wrote_it(
    kind: Any, body: Any
) -> None:
    world = Simulated(configuration(kind))
    several = 1 if kind["kind"] == "participant-attributes" else 2
    batch = world.batch([envelope(n, "customer.end") for n in range(several)])
    says(world, document(200, body))

    world.write_once()

    assert world.state(batch) == "OPEN"
    assert world.telemetry.counts["Delivered"] == 0


@pytest.mark.parametrize(
    "body",
    [{"id": "x", "error": None}, {"ok": True, "errors": []}, {"id": "x", "status": "failed"}, {}],
    ids=str,
)
def test_what_only_mentions_errors_is_no_error_document(body: Any) -> None:
    world = Simulated(configuration(section("generic")))
    batch = world.batch([envelope(1)])
    says(world, document(200, body))
    world.write_once()
    assert world.state(batch) == "DONE"


OTHER_FORMS = [
    document(200, {"failedEntities": [{"originalRequestIndex": 1, "errorMessage": "no"}]}),
    document(200, {"data": {"unprocessedEntities": []}}),
    document(200, ["OK"]),
    document(204, b""),
    document(202, b""),
]


@pytest.mark.parametrize("answer", OTHER_FORMS, ids=lambda a: f"{a.status} {a.body[:20]!r}")
@pytest.mark.parametrize("kind", [JOURNEY, CONTACTS, section("external-metrics")])
def test_a_2xx_in_another_form_is_given_to_a_person_and_not_asked_for_again(
    kind: Any, answer: Answer
) -> None:
    world = Simulated(configuration(kind))
    world.batch([envelope(n) for n in range(3)])
    sent = says(world, answer)

    world.write_all()

    assert len(sent) == 1
    (case,) = world.in_review()
    assert case.get("answer", "") == answer.body.decode()


def test_what_an_unclear_request_causes_is_known_by_the_id_of_its_answer() -> None:
    known = configuration(section("generic"))
    confirmation = Confirmation("conversation", ("created",), 30, key="answer")
    there = replace(known.destinations["there"], confirmation=confirmation)
    world = Simulated(replace(known, destinations={"there": there}))
    batch = world.batch([envelope(1)])
    says(world, document(200, {"id": "G-1", "errors": ["something"]}))

    world.write_all()

    assert world.state(batch) == "MANUAL_REVIEW"
    assert world.table.items[record_key(batch.batch_id)]["genesys_id"] == "G-1"
    (entry,) = world.ledger.of("M#conversation#g-1")
    assert Entry.of(entry).batch_id == batch.batch_id


def test_where_every_answer_is_in_another_form_a_person_is_not_given_everything() -> None:
    world = Simulated()
    for number in range(60):
        world.batch([envelope(number)], str(number))
    until_ms = world.timeline.now_ms + 120_000
    other = document(200, {"redirect": "https://login.example"})
    says(world, lambda request: other if world.timeline.now_ms < until_ms else None)

    world.write_all()

    assert REFUSALS_MAX <= len(world.in_review()) < 2 * REFUSALS_MAX
    assert len(world.taken()) == 60 - len(world.in_review())


@pytest.mark.parametrize("index", ["49", " 49 ", 49.0, 49])
def test_an_index_names_its_item_as_a_number_or_as_digits(index: Any) -> None:
    world = Simulated()
    world.batch([envelope(n) for n in range(50)])
    sent = says(world, unprocessed(row(index)))

    world.write_all()

    assert len(sent) == 1
    assert world.telemetry.counts["Delivered"] == 49
    (case,) = world.in_review()
    assert "bad attribute" in case["reason"]


def restated(world: Simulated, place: int, **more: Any) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        item = json.loads(request.body)["entities"][place]
        return unprocessed({"event": {**item, "id": item["id"].upper()}, **more})

    return answer


def test_a_failure_under_another_name_is_known_by_the_event_that_it_restates() -> None:
    world = Simulated()
    world.batch([envelope(n) for n in range(5)])
    sent = says(world, restated(world, 3, requestIndex=4, isRetryable="false", statusCode="400"))

    world.write_all()

    assert len(sent) == 1
    assert world.telemetry.counts["Delivered"] == 4
    (case,) = world.in_review()
    item = json.loads(sent[0].body)["entities"][3]
    assert item["id"] in case["message"]


UNMATCHED = [
    row(-1),
    row(True),
    row(3),
    row("three"),
    row("-1"),
    row(1.5),
    row(None),
    row([1]),
    {"requestIndex": 1, "isRetryable": False},
    "bad attribute",
]


@pytest.mark.parametrize("failure", UNMATCHED, ids=repr)
def test_a_failure_that_names_no_item_blames_nobody_and_is_not_asked_for_again(
    failure: Any,
) -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(3)])
    sent = says(world, document(200, {"unprocessedEntities": [failure]}))

    world.write_all()

    assert len(sent) == 1
    assert world.state(batch) == "MANUAL_REVIEW"
    (case,) = world.in_review()
    assert json.loads(case["answer"]) == {"unprocessedEntities": [failure]}
    assert world.telemetry.counts["BreakerOpened"] == 0


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (JOURNEY, lambda said: {"unprocessedEntities": []}),
        (
            CONTACTS,
            lambda said: {"results": [{"id": e["id"], "success": True} for e in said["entities"]]},
        ),
        (
            section("external-metrics"),
            lambda said: {"processedEntities": said["items"], "unprocessedEntities": []},
        ),
    ],
    ids=["journey", "contacts", "metrics"],
)
def test_errors_beside_the_endpoints_own_document_are_no_success(kind: Any, own: Any) -> None:
    world = Simulated(configuration(kind))
    batch = world.batch([envelope(n) for n in range(3)])
    errors = {"errors": [{"message": "two were not taken"}]}
    sent = says(world, lambda r: document(200, {**own(json.loads(r.body)), **errors}))
    world.write_all()

    assert world.state(batch) == "MANUAL_REVIEW"
    assert len(sent) == 1
    (case,) = world.in_review()
    assert "two were not taken" in str(case)


def test_an_index_that_contradicts_the_event_beside_it_blames_nobody() -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(3)])
    says(world, restated(world, 1, originalRequestIndex=2, isRetryable=False))
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"


def test_a_failure_that_restates_one_event_and_names_another_blames_neither() -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(3)])

    def answer(request: Request) -> Answer:
        first, second, _ = json.loads(request.body)["entities"]
        return unprocessed({"event": first, "id": second["id"], "isRetryable": False})

    sent = says(world, answer)
    world.write_all()
    assert (world.state(batch), len(sent)) == ("MANUAL_REVIEW", 1)
    (case,) = world.in_review()
    assert case["reason"] == str(Code.FAILS_TWO_ITEMS())


def test_requests_whose_answers_nobody_can_read_keep_nobody_waiting() -> None:
    world = Simulated()
    for number in range(40):
        world.batch([envelope(number)], str(number))
    says(world, lambda request: unprocessed(row(-1)) if len(world.posts()) < 20 else None)
    began_ms = world.timeline.now_ms

    unclear = 0
    while unclear < 20 and world.write_once():
        unclear = len(world.in_review())
    says(world, lambda request: None)
    world.write_all()

    assert world.telemetry.counts["BreakerOpened"] == 0
    assert (world.timeline.now_ms - began_ms) / 1000 < 60


@pytest.mark.parametrize(
    ("second", "again"),
    [({"statusCode": 429}, True), ({"isRetryable": False, "statusCode": 400}, False)],
    ids=["both may pass", "one is final"],
)
def test_two_failures_of_one_item_are_one(second: dict[str, Any], again: bool) -> None:
    world = Simulated()
    world.batch([envelope(n) for n in range(3)])
    first = row(1, isRetryable=True, statusCode=503, errorMessage="try later")
    sent = says(
        world,
        lambda r: unprocessed(first, {**first, **second}) if b'"id"' in r.body else None,
    )
    world.write_once()

    assert world.telemetry.counts["Delivered"] == 2
    assert len(sent) == 1
    says(world, lambda request: None)
    world.write_all()
    resent = [json.loads(r.body)["entities"] for r in world.posts()]
    assert [len(items) for items in resent] == ([1] if again else [])
    assert len(world.in_review()) == (0 if again else 1)


def in_case(spell: Callable[[str], str], said: Any) -> Any:
    """The document with its names in another letter case."""
    if isinstance(said, list):
        return [in_case(spell, each) for each in said]
    if not isinstance(said, dict):
        return said
    return {spell(name): in_case(spell, value) for name, value in said.items()}


def _nothing(said: Any) -> Any:
    return {"unprocessedEntities": []}


def _one(said: Any) -> Any:
    return {"unprocessedEntities": [row(1, isRetryable=True)]}


def _restated(said: Any) -> Any:
    told = {"isRetryable": True, "statusCode": 400, "errorMessage": "x"}
    return {"unprocessedEntities": [{"event": said["entities"][1], **told}]}


def _errors(said: Any) -> Any:
    (items,) = said.values()
    return {"errors": [{"eventId": items[1]["eventId"], "message": "x", "retryable": True}]}


def _results(said: Any) -> Any:
    error = {"code": "busy", "message": "x", "retryable": True}
    return {
        "results": [
            {"id": item["id"], "success": place != 1, **({"error": error} if place == 1 else {})}
            for place, item in enumerate(said["entities"])
        ],
        "errorCount": 1,
    }


def _metrics(said: Any) -> Any:
    failed = {**said["items"][1], "message": "x", "code": "service.busy"}
    return {"processedEntities": said["items"][::2], "unprocessedEntities": [failed]}


@pytest.mark.parametrize("spell", [str.upper, str.lower, str.capitalize])
@pytest.mark.parametrize(
    ("kind", "own", "failed"),
    [
        (JOURNEY, _nothing, 0),
        (JOURNEY, _one, 1),
        (JOURNEY, _restated, 1),
        (section("conversation-events"), _errors, 1),
        (CONTACTS, _results, 1),
        (section("external-metrics"), _metrics, 1),
    ],
    ids=["nothing", "index", "restated", "events", "contacts", "metrics"],
)
def test_members_are_known_in_any_letter_case(
    kind: Any, own: Callable[[Any], Any], failed: int, spell: Callable[[str], str]
) -> None:
    world = Simulated(configuration(kind))
    batch = world.batch([envelope(n, "customer.end") for n in range(3)])
    sent = says(world, lambda r: document(200, in_case(spell, own(json.loads(r.body)))))
    world.write_once()

    assert len(sent) == 1
    assert world.in_review() == []
    assert world.telemetry.counts["Delivered"] == 3 - failed
    assert world.state(batch) == ("SPLIT" if failed else "DONE")


def test_a_member_that_is_there_in_two_letter_cases_is_not_guessed() -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(3)])
    says(world, unprocessed({"OriginalRequestIndex": 1, "ORIGINALREQUESTINDEX": 2}))
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"


def test_a_result_that_says_both_blames_nobody() -> None:
    world = Simulated(configuration(CONTACTS))
    batch = world.batch([envelope(1), envelope(2)])

    def answer(request: Request) -> Answer:
        one, two = (item["id"] for item in json.loads(request.body)["entities"])
        rows = [{"id": one, "success": True}, {"id": two, "success": True}]
        return document(200, {"results": [*rows, {"id": one.upper(), "success": False}]})

    says(world, answer)
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"


METRICS = section("external-metrics")


@pytest.mark.parametrize("processed", [0, 1, 3])
def test_a_metric_that_its_answer_does_not_mention_is_not_delivered(processed: int) -> None:
    world = Simulated(configuration(METRICS))
    world.batch([envelope(1), envelope(2)])

    def answer(request: Request) -> Answer:
        items = json.loads(request.body)["items"]
        return document(200, {"processedEntities": (items * 2)[:processed]})

    says(world, answer)
    world.write_all()

    assert world.telemetry.counts["Delivered"] == 0
    (case,) = world.in_review()
    assert case["reason"] == str(Code.ITEMS_MISSING(processed, 2))


@pytest.mark.parametrize("row", [None, {}, "x", {"message": "no", "code": "bad"}], ids=repr)
def test_contacts_that_the_answer_does_not_show_are_not_delivered(row: Any) -> None:
    world = Simulated(configuration(section("outbound-contacts")))
    batch = world.batch([envelope(1), envelope(2)])
    says(world, lambda r: document(200, [json.loads(r.body)[0], row]))
    world.write_all()
    assert world.state(batch) == "MANUAL_REVIEW"


def test_an_items_conflict_passes_as_a_requests_does() -> None:
    world = Simulated(configuration(CONTACTS))
    world.batch([envelope(1), envelope(2)])
    until_ms = world.timeline.now_ms + 10_000

    def answer(request: Request) -> Answer | None:
        if world.timeline.now_ms > until_ms:
            return None
        items = json.loads(request.body)["entities"]
        rows = [{"id": item["id"], "success": True} for item in items]
        conflict = {"success": False, "status": 409, "error": {"code": "conflict"}}
        return document(200, {"results": [{**rows[0], **conflict}, *rows[1:]]})

    says(world, answer)
    world.write_all()

    assert world.telemetry.counts["Delivered"] == 2
    assert world.in_review() == []


# --- refusals


PROXIES = [
    document(400, b"<html><title>ERROR: The request could not be satisfied</title></html>"),
    document(403, b"<html>Request blocked.</html>", server="CloudFront"),
    document(400, {"message": "Bad Request"}),
    document(422, {"code": 422, "error": "no"}, x_amzn_requestid="1"),
    document(415, b""),
]


@pytest.mark.parametrize("answer", PROXIES, ids=lambda a: f"{a.status} {a.body[:20]!r}")
def test_what_genesys_did_not_say_refuses_nothing(answer: Answer) -> None:
    world = Simulated()
    batch = world.batch([envelope(n) for n in range(50)])
    says(world, answer)
    for _ in range(3):
        world.write_once()
        world.timeline.advance(60)
    assert world.state(batch) == "OPEN"
    assert "doubt_since_ms" not in world.table.items[record_key(batch.batch_id)]

    says(world, lambda request: None)
    world.write_all()
    assert world.in_review() == []


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_refuses_its_own_event_and_keeps_nobody_waiting(status: int) -> None:
    notes = section("participant-attributes")
    world = Simulated(configuration(notes))
    for number in range(60):
        world.batch([envelope(number)], str(number))
    gone = [f"{number:012d}/participants" for number in range(30)]
    absent = own_error(status, "no such conversation")
    says(world, lambda r: absent if any(text in r.path for text in gone) else None)
    world.write_all(most_s=120)

    assert not world.stored_queue("writes").messages
    assert len(world.in_review()) == 30
    assert world.telemetry.counts["BreakerOpened"] == 0


def out_of_reach(code: str) -> Answer:
    body = {"code": code, "status": 403, "message": "Unable to", "contextId": CONTEXT}
    return document(403, body)


def test_a_division_out_of_reach_refuses_its_own_event_and_keeps_nobody_waiting() -> None:
    world = Simulated(configuration(section("participant-attributes")))
    for number in range(60):
        world.batch([envelope(number)], str(number))
    theirs = [f"{number:012d}/participants" for number in range(0, 60, 2)]
    refusal = out_of_reach("missing.division.permission")
    says(world, lambda r: refusal if any(text in r.path for text in theirs) else None)
    world.write_all(most_s=120)

    assert not world.stored_queue("writes").messages
    assert (len(world.taken()), len(world.in_review())) == (30, 30)
    assert "missing.division.permission" in world.in_review()[0]["reason"]
    assert world.telemetry.counts["BreakerOpened"] == 0


@pytest.mark.parametrize(
    ("kind", "code", "persons"),
    [
        ("participant-attributes", "missing.any.permissions", 0),
        ("journey-external-events", "missing.division.permission", 0),
        ("participant-attributes", "missing.division.permission", REFUSALS_MAX),
    ],
)
def test_a_role_that_is_wrong_for_all_keeps_the_events(kind: str, code: str, persons: int) -> None:
    world = Simulated(configuration(section(kind)))
    for number in range(60):
        world.batch([envelope(number)], str(number))
    says(world, out_of_reach(code))
    world.write_all(most_s=60)
    assert persons <= len(world.in_review()) < 2 * persons + 1
    assert world.telemetry.counts["BreakerOpened"] >= 1
    assert world.stored_queue("writes").messages


def test_a_404_that_is_not_genesys_own_refuses_nothing() -> None:
    world = Simulated(configuration(section("participant-attributes")))
    batch = world.batch([envelope(1)])
    says(world, document(404, b"<html>404 Not Found</html>"))
    world.write_once()
    assert world.state(batch) == "OPEN"


def test_a_conflict_that_passes_rejects_nothing() -> None:
    world = Simulated(configuration(CONTACTS))
    for number in range(4):
        world.batch([envelope(10 * number + n) for n in range(10)], str(number))
    until_ms = world.timeline.now_ms + 300_000
    conflict = own_error(409, "version number of the modified resource must match")
    says(world, lambda request: conflict if world.timeline.now_ms < until_ms else None)

    world.write_all()

    assert len(world.taken()) == 40
    assert world.in_review() == []
    assert world.telemetry.counts["BreakerOpened"] == 0


@pytest.mark.parametrize("was_answered", [True, False])
def test_a_conflict_that_does_not_pass_is_one_case(was_answered: bool) -> None:
    """For the whole request, whether or not it may have taken effect before."""
    world = Simulated(configuration(CONTACTS))
    world.batch([envelope(n) for n in range(10)])
    conflict = own_error(409, "version number of the modified resource must match")
    answers = iter([] if was_answered else [document(502, b"")])
    sent = says(world, lambda request: next(answers, conflict))

    world.write_all(most_s=2 * CONFLICT_MAX_S)

    (case,) = world.in_review()
    assert case["reason"].startswith("CONFLICT_LASTS")
    assert "must match" in case["reason"]
    assert 4 < len(sent) < 40


CUT = "the value \ud83d"


@pytest.mark.parametrize(
    ("kind", "answer", "state"),
    [
        (JOURNEY, own_error(400, CUT), "REJECTED"),
        (JOURNEY, unprocessed(row(0, errorMessage=CUT)), "REJECTED"),
        (JOURNEY, document(200, {"message": CUT}), "MANUAL_REVIEW"),
        (CONTACTS, own_error(409, CUT), "OPEN"),
    ],
    ids=["refused", "item refused", "error document", "conflict"],
)
def test_words_that_end_in_the_middle_of_a_character_are_put_on_record(
    kind: Any, answer: Answer, state: str
) -> None:
    world = Simulated(configuration(kind))
    batch = world.batch([envelope(1)])
    says(world, answer)
    world.write_all(most_s=300)

    assert world.state(batch) == state
    assert world.telemetry.counts["Quarantined"] == 0
    assert "the value" in str(world.table.items[record_key(batch.batch_id)]["history"])


# --- how long to wait


def test_maintenance_with_a_time_costs_a_request_or_two_and_lists_nothing() -> None:
    world = Simulated()
    for number in range(20):
        world.batch([envelope(number)], str(number))
    body = {"code": "service.unavailable", "status": 503, "message": "maintenance"}
    began_ms = world.timeline.now_ms
    over = began_ms + 7_200_000
    sent = says(
        world,
        lambda r: document(503, body, retry_after="7200") if world.timeline.now_ms < over else None,
    )
    world.write_all(most_s=3 * 3600)

    assert len(sent) <= 2
    assert len(world.taken()) == 20
    assert world.telemetry.counts["InDoubtReposted"] == 0
    assert world.telemetry.counts["BreakerOpened"] == 0


@pytest.mark.parametrize(
    ("form", "least_s", "most_s"),
    [
        (lambda now_ms: str(now_ms // 1000 + 61), 55, 70),
        (lambda now_ms: str(now_ms + 61_000), 55, 70),
        (lambda now_ms: "99999999", RETRY_AFTER_MAX_S - 5, RETRY_AFTER_MAX_S + 10),
        (lambda now_ms: "Fri, 09 Jan 99999 10:00:00 GMT", 1, 70),
    ],
    ids=["epoch seconds", "epoch milliseconds", "absurd", "no such year"],
)
def test_a_429_is_certain_whatever_its_retry_after_says(
    form: Callable[[int], str], least_s: float, most_s: float
) -> None:
    world = Simulated()
    batch = world.batch([envelope(1)])
    began_ms = world.timeline.now_ms
    answer = document(429, {"code": "too.many.requests"}, retry_after=form(began_ms))
    says(world, lambda r: answer if world.timeline.now_ms < began_ms + 1000 else None)

    world.write_once()
    assert "doubt_since_ms" not in world.table.items[record_key(batch.batch_id)]
    world.write_all(most_s=2 * RETRY_AFTER_MAX_S)

    assert world.state(batch) == "DONE"
    assert least_s <= (world.timeline.now_ms - began_ms) / 1000 <= most_s


AT_ONCE = ["0", "-5", "0.001", "1", "Fri, 20 Nov 2020 10:00:00 GMT", "1600000000"]


@pytest.mark.parametrize("said", AT_ONCE)
@pytest.mark.parametrize("status", [409, 413, 503])
def test_a_writer_told_repeatedly_to_come_back_at_once_asks_less_and_less(
    status: int, said: str
) -> None:
    world = Simulated(configuration(CONTACTS))
    for number in range(3):
        world.batch([envelope(number)], str(number))
    error, until_ms = own_error(status, "not now"), world.timeline.now_ms + 1_800_000
    error = replace(error, headers={**error.headers, "retry-after": said})
    sent = says(world, lambda r: error if world.timeline.now_ms < until_ms else None)

    world.write_all(most_s=2 * RETRY_AFTER_MAX_S)

    assert len(sent) <= 120
    assert len(world.taken()) == 3
    assert world.bodies("writes-dead") == []


@pytest.mark.parametrize("said", ["30", ""])
@pytest.mark.parametrize("status", [401, 403, 409, 423, 429, 451, 503])
def test_one_request_that_is_always_told_to_wait_soon_leaves_the_others_alone(
    status: int, said: str
) -> None:
    world = Simulated(configuration(section("participant-attributes")))
    error = own_error(status, "not now")
    error = replace(error, headers={**error.headers, "retry-after": said})
    alone = f"{0:012d}/participants"
    sent = says(world, lambda r: error if alone in r.path else None)
    world.batch([envelope(0)], "0")
    world.write_all(most_s=900)
    waits_s = []
    for number in range(1, 21):
        world.batch([envelope(number)], str(number))
        began_ms = world.timeline.now_ms
        while len(world.taken()) < number and world.timeline.now_ms < began_ms + 900_000:
            if not world.write_once():
                world.timeline.advance(1)
        waits_s.append((world.timeline.now_ms - began_ms) / 1000)
        world.write_all(most_s=60)

    assert statistics.median(waits_s) < 5
    assert max(waits_s) < 120
    assert len(sent) <= 60


@pytest.mark.parametrize("status", [409, 413])
def test_a_refusal_that_names_a_time_is_retried_then(status: int) -> None:
    world = Simulated(configuration(CONTACTS))
    batch = world.batch([envelope(1)])
    began_ms = world.timeline.now_ms
    error = own_error(status, "not now")
    error = replace(error, headers={**error.headers, "retry-after": "300"})
    sent = says(world, lambda r: error if world.timeline.now_ms < began_ms + 299_000 else None)

    world.write_all(most_s=3_600)

    assert world.state(batch) == "DONE"
    assert len(sent) == 1
