"""API Gateway's side of the webhook: its payload (format 2.0) in, its answer out.

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
    """The body's bytes are those that were signed: text comes as it was, the rest in base64."""
    path, headers = event.get("pathParameters") or {}, event.get("headers") or {}
    return Request(
        sender=str(path.get("sender") or ""),
        headers={name.lower(): str(value) for name, value in headers.items()},
        body=_body(str(event.get("body") or ""), bool(event.get("isBase64Encoded"))),
    )


def _body(text: str, is_base64: bool) -> bytes:
    """What is called base64 and is none stays as it came: nobody has signed it, nobody can read
    it, and its sender is told so."""
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
