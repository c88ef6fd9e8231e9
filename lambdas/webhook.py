"""Lambda `webhook`: events posted over HTTPS go into the events queue."""

from functools import cache
from typing import Any

import boto3

from lambdas import wiring
from lambdas.adapters.aws import CONFIG
from lambdas.adapters.http_event import answer_of, request_of
from lambdas.adapters.invocation import Context
from lambdas.adapters.sender_keys import SecretsManagerSenderKeys
from lambdas.relay.entrances.proofs import Proof, verification
from lambdas.relay.webhook import Needs, receive


@cache
def _needs() -> Needs:
    settings = wiring.settings()
    return Needs(
        events=wiring.queue("EVENTS_QUEUE_URL"),
        keys=SecretsManagerSenderKeys(
            boto3.client("secretsmanager", config=CONFIG), settings.text("WEBHOOK_SECRET_ID")
        ),
        clock=wiring.CLOCK,
        chance=wiring.CHANCE,
        telemetry=wiring.telemetry(),
        proof=Proof(
            verification(settings.text("WEBHOOK_VERIFICATION")),
            settings.count("WEBHOOK_REPLAY_WINDOW_S"),
        ),
    )


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Takes an event of an HTTP API, payload format 2.0."""
    try:
        return answer_of(receive(request_of(event), _needs()))
    finally:
        wiring.telemetry().flush()
