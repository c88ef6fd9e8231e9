"""An ASGI application asked directly: no server, no socket."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def ask(
    app: ASGIApp, method: str, address: str, headers: Mapping[str, str], body: str = ""
) -> Answer:
    """One request and its answer; if that never ends, its beginning."""
    path, _, query = address.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), said.encode()) for name, said in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    return asyncio.run(_asked(app, scope, body.encode()))


async def _asked(app: ASGIApp, scope: dict[str, Any], body: bytes) -> Answer:
    told: list[Any] = []
    has_body = asyncio.Event()
    is_sent = False

    async def receive() -> dict[str, Any]:
        nonlocal is_sent
        if not is_sent:
            is_sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        await has_body.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)
        if message["type"] == "http.response.body":
            if has_body.is_set():
                raise OSError("nobody listens any more")
            if message.get("body"):
                has_body.set()

    try:
        await app(scope, receive, send)
    except Exception as ended:
        if not isinstance(ended, OSError) and "ClientDisconnect" not in type(ended).__name__:
            raise
    start = next(message for message in told if message["type"] == "http.response.start")
    text = b"".join(m.get("body", b"") for m in told if m["type"] == "http.response.body")
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, text.decode())
