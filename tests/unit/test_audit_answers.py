"""What the audit makes of answers that are not from the record: it never reports that nothing is
missing where it could not look."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from lambdas.relay.audit.gathering import PAGE_SIZE, TRIES
from lambdas.relay.audit.record import expected_of
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.ports import Answer
from tests.analytics import conversation
from tests.unit.audited import MORNING, NOW, World, configured
from tests.unit.simulated import SimulatedHttp

NONE_OF_ITS_OWN: list[Any] = [
    {"message": "Endpoint request timed out"},
    {"error": {"code": "internal"}},
    {"data": {"conversations": []}},
    {"conversations": None},
    {"conversations": {"a": 1}},
    {"conversations": ["a"]},
    [],
    "OK",
    b"<html>Please sign in</html>",
    b'{"conversations": [',
    b"",
]

SEGMENT = {"segmentStart": "2026-01-09T08:00:00.000Z", "segmentEnd": "2026-01-09T08:01:00.000Z"}


def answering(world: World, said: Any, where: str, times: int = 10**9) -> list[str]:
    """Genesys answers this path with 200 and this document; lists what it was asked."""
    data = said if isinstance(said, bytes) else json.dumps(said).encode()
    asked: list[str] = []

    def instead(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        if where not in url or len(asked) >= times:
            return SimulatedHttp.send(world.http, method, url, headers, body)
        asked.append(url)
        return Answer(200, {}, data)

    world.http.send = instead  # type: ignore[method-assign]
    return asked


@pytest.mark.parametrize("body", NONE_OF_ITS_OWN, ids=str)
@pytest.mark.parametrize(
    ("where", "days"), [("/details/query", 0.5), ("/results", 3)], ids=["query", "job"]
)
def test_what_is_no_page_of_the_record_does_not_say_that_nothing_is_missing(
    where: str, days: float, body: Any
) -> None:
    world = World(configured())
    asked = answering(world, body, where)
    with pytest.raises(Transient):
        world.audited(since=NOW - timedelta(days=days))
    assert 1 <= len(asked) <= TRIES


@pytest.mark.parametrize("body", NONE_OF_ITS_OWN[:2] + NONE_OF_ITS_OWN[-3:], ids=str)
def test_what_fails_for_now_is_asked_for_again(body: Any) -> None:
    world = World(configured())
    answering(world, body, "/details/query", times=1)
    assert world.audited().conversations == 0


@pytest.mark.parametrize("body", [{}, {"totalHits": 0}, {"conversations": [], "totalHits": 0}])
def test_an_empty_page_says_that_there_are_none(body: Any) -> None:
    world = World(configured())
    answering(world, body, "/details/query")
    assert world.audited().conversations == 0


def test_without_a_count_of_hits_a_full_page_has_a_next_one() -> None:
    world = World(configured())
    pages = {"conversations": [conversation(n, MORNING) for n in range(PAGE_SIZE)]}
    asked = answering(world, pages, "/details/query", times=2)
    assert world.audited().conversations == PAGE_SIZE
    assert len(asked) == 2


@pytest.mark.parametrize(("more_s", "where"), [(0, "/query"), (1, "/jobs")])
def test_a_day_is_read_by_a_query_and_a_longer_period_by_a_job(more_s: int, where: str) -> None:
    world = World(configured())
    until = NOW - timedelta(hours=12)  # all of it is on record by now
    world.audited(since=until - timedelta(days=1, seconds=more_s), until=until)

    asked = {request.path.rpartition("/details")[2] for request in world.http.sent}
    assert {path for path in asked if path in ("/query", "/jobs")} == {where}


@pytest.mark.parametrize("job_id", ["..", "a/b", "query", "", None, 7])
def test_a_job_without_an_id_is_not_looked_at(job_id: Any) -> None:
    world = World(configured())
    asked = answering(world, {"jobId": job_id}, "/details/jobs", times=3)
    with pytest.raises(Transient):
        world.audited(since=NOW - timedelta(days=3))
    assert all(url.endswith(("/details/jobs", "/availability")) for url in asked)


@pytest.mark.parametrize(
    "session",
    [
        {"sessionId": "s", "segments": []},
        {"segments": [SEGMENT]},
        {"sessionId": "", "segments": [SEGMENT]},
        {"sessionId": 1, "segments": [SEGMENT]},
    ],
)
def test_a_session_without_an_id_or_a_segment_implies_no_event(session: Any) -> None:
    participants = [{"purpose": "customer", "sessions": [session]}]

    assert not list(expected_of({"conversationId": "c", "participants": participants}))


@pytest.mark.parametrize(
    ("divisions", "shown"), [(["d"], "d"), (["d", "e"], None), ([], None), ("d", None)]
)
def test_the_division_is_known_where_there_is_one(divisions: Any, shown: str | None) -> None:
    session = {"sessionId": "s", "segments": [SEGMENT]}
    participants = [{"purpose": "customer", "sessions": [session]}]
    document = {"conversationId": "c", "participants": participants, "divisionIds": divisions}

    (start,) = expected_of(document)

    assert start.body.get("divisionId") == shown
