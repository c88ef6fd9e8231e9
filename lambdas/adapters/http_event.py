"""API Gateway's side of the webhook: its payload (format 2.0) in, its answer out.

docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Mapping
from typing import Any

from lambdas.relay.canonical import canonical
from lambdas.relay.entrances.proofs import Request
from lambdas.relay.webhook import Reply


def request_of(event: Mapping[str, Any]) -> Request:
    """The body's bytes are those that were signed: text comes as it was, the rest in base64."""
    body = event.get("body", "")
    return Request(
        sender=event.get("pathParameters", {}).get("sender", ""),
        headers={name.lower(): value for name, value in event.get("headers", {}).items()},
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8"),
    )


def answer_of(reply: Reply) -> dict[str, Any]:
    return {
        "statusCode": reply.status,
        "headers": {"content-type": "application/json", **reply.headers},
        "body": canonical(dict(reply.body)),
    }
