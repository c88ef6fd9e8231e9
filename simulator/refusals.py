"""The answers without a result: Genesys' errors, and those of proxies."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from simulator.error_body import CODES, Refused, error_body, rate_limit_body
from simulator.messages import Answer, Reply, json_answer
from simulator.ratelimit import Quota


def reply(status: int, message: str, context_id: str) -> Reply:
    return Reply(status, error_body(status, CODES[status], message, context_id))


def refused(why: Refused, context_id: str) -> Reply:
    code = why.code or CODES[why.status]
    return Reply(why.status, error_body(why.status, code, why.message, context_id))


def refusal(status: int, message: str, context_id: str, headers: Mapping[str, str]) -> Answer:
    """An error answer; `headers` are those of the rate limit."""
    named = {**headers, "ININ-Correlation-Id": context_id}
    return json_answer(reply(status, message, context_id), named)


def unauthorized(bearer: str, context_id: str, quota: Quota) -> Answer:
    """401; Genesys distinguishes a missing token from an invalid one."""
    if bearer:
        return refusal(401, "Invalid login credentials.", context_id, quota.headers())
    message = "No authentication bearer token specified in authorization header."
    body = error_body(401, "authentication.required", message, context_id)
    return json_answer(Reply(401, body), {**quota.headers(), "ININ-Correlation-Id": context_id})


def too_many(
    quota: Quota,
    retry_after_s: float,
    form: Literal["seconds", "date", "garbage", "absent"],
    now: float,
    context_id: str,
) -> Answer:
    """429 in the normalised form; `form` says how Retry-After is written."""
    wait_s = math.ceil(retry_after_s)
    headers = {**quota.headers(), "ININ-Correlation-Id": context_id}
    match form:
        case "seconds":
            headers["Retry-After"] = str(wait_s)
        case "date":
            until = datetime.fromtimestamp(math.ceil(now) + wait_s, UTC)
            headers["Retry-After"] = format_datetime(until, usegmt=True)
        case "garbage":
            headers["Retry-After"] = "soon"
        case "absent":
            pass
    return json_answer(Reply(429, rate_limit_body(wait_s, context_id)), headers)


def redirect(path: str, context_id: str, quota: Quota) -> Answer:
    headers = {**quota.headers(), "ININ-Correlation-Id": context_id, "Location": f"{path}/"}
    return Answer(307, headers, b"", 0.0, False)


def proxy_page(headers: Mapping[str, str]) -> Answer:
    """200 with a page from elsewhere: a success by status, but not by content."""
    page = b"<html><head><title>Please wait</title></head><body>Please wait</body></html>"
    return Answer(200, {**headers, "Content-Type": "text/html"}, page, 0.0, False)
