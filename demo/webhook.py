"""A replacement for API Gateway's HTTP API, in front of the webhook's handler, on 127.0.0.1.

The deployed webhook runs behind the emulator's own API Gateway (`make run SCENARIO=journey`), which
does not throttle. This one does, so that a storm has the same results as in AWS: the handler gets
payload format 2.0, and above the rate limit API Gateway itself answers 429.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.server import listen

Handler = Callable[[dict[str, Any]], dict[str, Any]]
READY_WITHIN_S = 120.0
#: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
BODY_BYTES_MAX = 10_000_000


@dataclass(slots=True)
class Throttle:
    """API Gateway's token bucket: `burst` at once, `per_second` in the long run."""

    per_second: float
    burst: int
    clock: Callable[[], float]
    _tokens: float = field(init=False)
    _filled_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._tokens, self._filled_at = float(self.burst), self.clock()

    def admits(self) -> bool:
        now = self.clock()
        grown = self._tokens + (now - self._filled_at) * self.per_second
        self._tokens, self._filled_at = min(float(self.burst), grown), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@contextmanager
def serving(
    handler: Handler, *, per_second: float, burst: int, clock: Callable[[], float]
) -> Iterator[str]:
    """Serves POST /events/{sender} until the block ends; yields the address without the path."""
    throttle = Throttle(per_second, burst, clock)

    async def serve(request: Request) -> Response:
        if not throttle.admits():
            return _own_words(429, "Too Many Requests")
        body = await request.body()
        if len(body) > BODY_BYTES_MAX:
            return _own_words(413, "Request Entity Too Large")
        event = payload(request.path_params, dict(request.headers), body)
        try:
            answer = await run_in_threadpool(handler, event)
        except Exception:  # noqa: BLE001 as API Gateway does where the function fails
            return _own_words(500, "Internal Server Error")
        return Response(answer["body"], answer["statusCode"], answer["headers"])

    app = Starlette(routes=[Route("/events/{sender}", serve, methods=["POST"])])
    listening = listen(0)
    host, port = listening.getsockname()
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + READY_WITHIN_S
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def payload(parameters: dict[str, str], headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """Format 2.0: text unchanged, anything else in base64."""
    kind = headers.get("content-type", "")
    is_text = kind.startswith(("text/", "application/json"))
    return {
        "version": "2.0",
        "routeKey": "POST /events/{sender}",
        "headers": headers,
        "pathParameters": parameters,
        "body": body.decode("utf-8", "replace") if is_text else base64.b64encode(body).decode(),
        "isBase64Encoded": not is_text,
    }


def _own_words(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, {"content-type": "application/json"})
