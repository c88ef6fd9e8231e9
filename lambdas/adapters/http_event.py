"""Converts between API Gateway's payload (format 2.0) and the webhook's requests and replies.

docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lambdas.relay.entrances.proofs import Request
from lambdas.relay.functions.webhook import Reply
from lambdas.relay.kernel.canonical import canonical


def request_of(event: Mapping[str, Any]) -> Request:
    """The body has the bytes that were signed: text arrives unchanged, other bodies in base64."""
    return Request(
        sender=_sender(event),
        headers={name.lower(): str(value) for name, value in _members(event, "headers").items()},
        body=_body(str(event.get("body") or ""), bool(event.get("isBase64Encoded"))),
    )


def _sender(event: Mapping[str, Any]) -> str:
    """If a sender has its own path in API Gateway, its name is in the path, not in a parameter."""
    sender = _members(event, "pathParameters").get("sender")
    return str(sender or str(event.get("rawPath") or "").rpartition("/")[2])


def _members(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = event.get(name)
    return value if isinstance(value, Mapping) else {}


def _body(text: str, is_base64: bool) -> bytes:
    """A body that is marked as base64 but is not stays as it came: its proof and content are then
    checked like those of any other body, and its sender gets the reason."""
    if is_base64:
        with suppress(ValueError):
            return base64.b64decode(text, validate=True)
    return text.encode("utf-8", "surrogatepass")


def answer_of(reply: Reply) -> dict[str, Any]:
    return {
        "statusCode": reply.status,
        "headers": {"content-type": "application/json", **reply.headers},
        "body": canonical(dict(reply.body)),
    }
