"""Genesys' own record of conversations, queried as the SDK documents it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from simulator.faults import NONE
from simulator.messages import Answer, Request
from tests.analytics import conversation, text
from tests.simulator.test_sdk import sent, understood
from tests.simulator.world import World

ROOT = "/api/v2/analytics/conversations/details"
QUERY, JOBS = f"{ROOT}/query", f"{ROOT}/jobs"
MORNING = datetime(2025, 12, 20, 8, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return World(NONE)


def interval(since: datetime, until: datetime) -> dict[str, Any]:
    return {"interval": f"{text(since)}/{text(until)}"}


def held(world: World, *conversations: dict[str, Any], **more: Any) -> None:
    world.control("POST", "history", {"conversations": conversations, **more})


def queried(world: World, **body: Any) -> Any:
    answer = sent(world, QUERY, body, "ConversationQuery")
    return understood(answer, "AnalyticsConversationQueryResponse")


def read(world: World, path: str, **query: str) -> Answer:
    headers = {"Authorization": world.bearer}
    return world.platform.handle(Request("GET", path, query, headers, b""))


def job(world: World, since: datetime, until: datetime) -> str:
    answer = sent(world, JOBS, interval(since, until), "AsyncConversationQuery")
    made = understood(answer, "AsyncQueryResponse")
    return f"{JOBS}/{made.job_id}"


def results(world: World, path: str, **query: str) -> Any:
    answer = read(world, f"{path}/results", **query)
    return understood(answer, "AnalyticsConversationAsyncQueryResponse")


def test_a_query_finds_what_began_on_a_day_of_the_interval_page_by_page(world: World) -> None:
    each = [conversation(n, MORNING + timedelta(hours=n)) for n in range(3)]
    held(world, conversation("before", MORNING - timedelta(days=1)), *each)
    asked = interval(MORNING + timedelta(hours=1), MORNING + timedelta(hours=2))

    pages = [
        queried(world, **asked, paging={"pageSize": 2, "pageNumber": number}) for number in (1, 2)
    ]

    found = [c.conversation_id for page in pages for c in page.conversations]
    assert found == [c["conversationId"] for c in each]
    assert [page.total_hits for page in pages] == [3, 3]


def test_nothing_found_is_no_list_at_all(world: World) -> None:
    answer = world.post(QUERY, interval(MORNING, MORNING + timedelta(hours=1)))

    assert json.loads(answer.body) == {"totalHits": 0}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"interval": "2025-12-20"},
        interval(MORNING, MORNING),
        interval(MORNING, MORNING + timedelta(days=8)),
        {**interval(MORNING, MORNING + timedelta(hours=1)), "paging": {"pageSize": 101}},
        {**interval(MORNING, MORNING + timedelta(hours=1)), "paging": {"pageNumber": 0}},
        {**interval(MORNING, MORNING + timedelta(hours=1)), "order": "up"},
        {**interval(MORNING, MORNING + timedelta(hours=1)), "pages": {}},
        {**interval(MORNING, MORNING + timedelta(hours=1)), "segmentFilters": []},
    ],
)
def test_an_invalid_query_is_refused(world: World, body: Any) -> None:
    assert world.post(QUERY, body).status == 400


def test_a_job_finds_what_was_active_once_it_is_fulfilled(world: World) -> None:
    held(world, *(conversation(n, MORNING + timedelta(days=n)) for n in range(4)))
    path = job(world, MORNING, MORNING + timedelta(days=3))

    assert understood(read(world, path), "AsyncQueryStatus").state == "PENDING"
    assert read(world, f"{path}/results").status == 400

    world.clock.now += 60

    assert understood(read(world, path), "AsyncQueryStatus").state == "FULFILLED"
    first = results(world, path, pageSize="2")
    second = results(world, path, pageSize="2", cursor=first.cursor)
    assert [len(page.conversations) for page in (first, second)] == [2, 1]
    assert second.cursor is None


def test_a_job_knows_nothing_that_is_newer_than_it_says(world: World) -> None:
    each = [conversation(n, MORNING + timedelta(hours=n)) for n in range(3)]
    held(world, *each, available_until=text(MORNING + timedelta(hours=1)))
    path = job(world, MORNING, MORNING + timedelta(hours=8))
    world.clock.now += 60

    found = results(world, path)

    said = understood(read(world, f"{JOBS}/availability"), "DataAvailabilityResponse")
    assert [c.conversation_id for c in found.conversations] == [each[0]["conversationId"]]
    assert said.data_availability_date == found.data_availability_date
    assert said.data_availability_date == MORNING + timedelta(hours=1)


def test_no_job_is_taken_for_another(world: World) -> None:
    assert read(world, f"{JOBS}/never-made").status == 404


def test_only_what_the_sdk_knows_of_a_conversation_is_held(world: World) -> None:
    wrong = {**conversation(1, MORNING), "conversationStarted": text(MORNING)}

    answer = world.ask("POST", "history", {"conversations": [wrong]})

    assert answer.status == 400
    assert b"conversationStarted" in answer.body
