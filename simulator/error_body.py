"""Genesys' error body (SDK model ErrorBody; 429 in the normalised form of 2021-11-10)."""

from typing import Any

CODES = {
    400: "bad.request",
    401: "bad.credentials",
    403: "missing.any.permissions",
    404: "not.found",
    405: "method.not.allowed",
    409: "conflict",
    413: "request.entity.too.large",
    422: "unprocessable.entity",
    500: "internal.server.error",
    502: "bad.gateway",
    503: "service.unavailable",
    504: "gateway.timeout",
}


class Refused(Exception):
    """The whole request is refused with this status, without any effect.

    `code`: Genesys' code, if it is not the usual one of the status.
    """

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code


def error_body(status: int, code: str, message: str, context_id: str) -> dict[str, Any]:
    """The body of every API error; `context_id` equals the answer's ININ-Correlation-Id."""
    return {
        "message": message,
        "code": code,
        "status": status,
        "contextId": context_id,
        "details": [],
        "errors": [],
    }


def rate_limit_body(retry_after_s: int, context_id: str) -> dict[str, Any]:
    """Exactly as announced in developer.genesys.cloud/forum/t/12028."""
    return error_body(
        429,
        "too.many.requests.retry.after",
        f"Rate limit exceeded the maximum. Retry the request in [{retry_after_s}] seconds",
        context_id,
    )
