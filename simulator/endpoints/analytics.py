"""Genesys' own record of conversations: immediately by query, or by a job for older data.

SDK AnalyticsApi: post_analytics_conversations_details_query (models ConversationQuery,
AnalyticsConversationQueryResponse), post_/get_analytics_conversations_details_job(s), its results
(AnalyticsConversationAsyncQueryResponse) and its availability (DataAvailabilityResponse). According
to the models, a query finds what began on a day that the interval touches, a job what was active
within it, and no job has data newer than `dataAvailabilityDate`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from simulator.caused import iso
from simulator.endpoints.shape import Call, Plain, found, mapping
from simulator.error_body import Refused
from simulator.messages import Reply

#: page size; the model states no maximum, so a client must not count on more
PAGE_SIZE_MAX = 100
PAGE_SIZE_DEFAULT = 25
#: the longest query; jobs may be longer (help.mypurecloud.com says a week, but not what is refused)
QUERY_DAYS_MAX = 7
#: how long a job runs
JOB_S = 5.0
#: members of a query that change its result, and that this simulator does not implement
UNKNOWN = (
    "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters",
    "resolutionFilters", "aggregations", "limit", "startOfDayIntervalMatching",
)  # fmt: skip


def _interval(body: dict[str, Any]) -> tuple[datetime, datetime]:
    first, slash, last = str(body.get("interval", "")).partition("/")
    try:
        since, until = datetime.fromisoformat(first), datetime.fromisoformat(last)
        is_span = bool(slash) and since < until
    except (ValueError, TypeError):  # the latter: only one of them has an offset
        is_span = False
    if not is_span:
        raise Refused(400, "interval must be an ISO-8601 interval whose start is before its end")
    return since, until


def _asked(call: Call) -> dict[str, Any]:
    body = mapping(call.json, "body")
    if unknown := sorted(body.keys() & set(UNKNOWN)):
        raise Refused(400, f"{unknown[0]} is not simulated")
    return body


def _size(value: Any) -> int:
    if not isinstance(value, int) or not 1 <= value <= PAGE_SIZE_MAX:
        raise Refused(400, f"pageSize must be between 1 and {PAGE_SIZE_MAX}")
    return value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _begun(conversation: dict[str, Any]) -> datetime:
    return _moment(conversation["conversationStart"])


def _query(call: Call) -> Reply:
    body = _asked(call)
    since, until = _interval(body)
    if until - since > timedelta(days=QUERY_DAYS_MAX):
        raise Refused(400, f"interval must not exceed {QUERY_DAYS_MAX} days; use a job")
    paging = body.get("paging", {})
    size, number = _size(paging.get("pageSize", PAGE_SIZE_DEFAULT)), paging.get("pageNumber", 1)
    if not isinstance(number, int) or number < 1:
        raise Refused(400, "pageNumber must be at least 1")
    every = sorted(call.org.history.values(), key=_begun, reverse=body.get("order") == "desc")
    days = since.date(), until.date()
    hits = [each for each in every if days[0] <= _begun(each).date() <= days[1]]
    page = hits[(number - 1) * size : number * size]
    # An empty list is left out, as in Genesys' answers.
    return Reply(200, {**({"conversations": page} if page else {}), "totalHits": len(hits)})


def _make_job(call: Call) -> Reply:
    body = _asked(call)
    _interval(body)
    job_id = call.new_id()
    call.org.details_jobs[job_id] = {"interval": body["interval"], "submitted": call.now}
    return Reply(202, {"jobId": job_id})


def _job(call: Call) -> Reply:
    job = found(call.org.details_jobs, call.params["jobId"], "Job")
    is_done = call.now >= job["submitted"] + JOB_S
    return Reply(
        200,
        {
            "state": "FULFILLED" if is_done else "PENDING",
            "submissionDate": iso(job["submitted"]),
            **({"completionDate": iso(job["submitted"] + JOB_S)} if is_done else {}),
        },
    )


def _results(call: Call) -> Reply:
    job = found(call.org.details_jobs, call.params["jobId"], "Job")
    if call.now < job["submitted"] + JOB_S:
        raise Refused(400, "The job has not been fulfilled")
    since, until = _interval(job)
    until = min(until, _available(call))
    hits = [each for each in call.org.history.values() if _was_active(each, since, until)]
    asked = call.query.get("pageSize", str(PAGE_SIZE_DEFAULT))
    size = _size(int(asked) if asked.isdecimal() else 0)
    first = call.query.get("cursor", "0")
    if not first.isdecimal():
        raise Refused(400, "cursor is not one of this job's")
    begin = int(first)
    return Reply(200, _page(hits, begin, size) | {"dataAvailabilityDate": _available_text(call)})


def _page(hits: Sequence[dict[str, Any]], begin: int, size: int) -> dict[str, Any]:
    page = list(hits[begin : begin + size])
    further = {"cursor": str(begin + size)} if begin + size < len(hits) else {}
    return {**({"conversations": page} if page else {}), **further}


def _was_active(conversation: dict[str, Any], since: datetime, until: datetime) -> bool:
    ended = conversation.get("conversationEnd")
    return _begun(conversation) < until and (ended is None or _moment(ended) >= since)


def _available_text(call: Call) -> str:
    """By default the record is up to date."""
    return call.org.details_available_until or iso(call.now)


def _available(call: Call) -> datetime:
    return _moment(_available_text(call))


def _availability(call: Call) -> Reply:
    return Reply(200, {"dataAvailabilityDate": _available_text(call)})


_ROOT = "/api/v2/analytics/conversations/details"
_VIEW = ("analytics:conversationDetail:view",)
ENDPOINTS = (
    Plain("details-query", "POST", f"{_ROOT}/query", _query, permissions=_VIEW),
    Plain("details-job-made", "POST", f"{_ROOT}/jobs", _make_job, permissions=_VIEW),
    # The fixed path comes before the template, which would take its last word for a job's id.
    Plain("details-availability", "GET", f"{_ROOT}/jobs/availability", _availability, _VIEW),
    Plain("details-job", "GET", f"{_ROOT}/jobs/{{jobId}}", _job, permissions=_VIEW),
    Plain("details-results", "GET", f"{_ROOT}/jobs/{{jobId}}/results", _results, permissions=_VIEW),
)
