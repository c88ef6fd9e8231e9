"""The HTTP shell: passes requests to the core and its answers on, with real delays and real drops.

Everything runs on one event loop, so the core handles one call at a time.
"""

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulator.control import PREFIX, control
from simulator.messages import Answer, Request
from simulator.platform import GenesysPlatform

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODY_BYTES_READ_MAX = 8 * 2**20  # enough to answer 413 properly; beyond it the connection closes
SHUTDOWN_S = 1  # hanging answers must not hold up SIGTERM

Connections = dict[Any, asyncio.Transport]


class Wire(Response):
    """An answer on its way: late, cut short or not at all, if the core says so."""

    def __init__(self, answer: Answer, connections: Connections) -> None:
        super().__init__()
        self._answer = answer
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer
        if answer.delay_s > 0:
            await asyncio.sleep(answer.delay_s)
        if not answer.dropped:
            await self._head(send, len(answer.body))
            await send({"type": "http.response.body", "body": answer.body})
            return
        transport = self._connections.get(scope["client"])
        if answer.body:
            await self._head(send, 2 * len(answer.body) + 1)  # more than will ever be sent
            part = {"type": "http.response.body", "body": answer.body, "more_body": True}
            await send(part)
        if transport is not None:
            _close(transport, answer.reset)
        while (await receive())["type"] != "http.disconnect":
            continue

    async def _head(self, send: Send, length: int) -> None:
        headers = {**self._answer.headers}
        if self._answer.status != 204:
            headers["Content-Length"] = str(length)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        status = self._answer.status
        await send({"type": "http.response.start", "status": status, "headers": raw})


def _close(transport: asyncio.Transport, reset: bool) -> None:
    if not reset:
        transport.close()  # what was written is still sent
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:  # linger of 0 s: the kernel sends RST instead of FIN
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def application(platform: GenesysPlatform, connections: Connections) -> Starlette:
    """Every path goes to the core, those under /_sim/ to the control API."""

    async def serve(http: HttpRequest) -> Response:
        try:
            body = await _read(http)
        except ClientDisconnect:
            return Response(status_code=400)  # the client has gone
        request = Request(http.method, http.url.path, http.query_params, http.headers, body)
        if request.path.startswith(PREFIX):
            answer = control(platform, request)
        else:
            answer = platform.handle(request)
        return Wire(answer, connections)

    return Starlette(routes=[Route("/{path:path}", serve, methods=list(METHODS))])


async def _read(http: HttpRequest) -> bytes:
    body = bytearray()
    async for chunk in http.stream():
        body += chunk
        if len(body) > BODY_BYTES_READ_MAX:
            break
    return bytes(body)


def tracked(connections: Connections) -> type[H11Protocol]:
    """uvicorn's protocol, which also keeps the transports: ASGI cannot drop a connection."""

    class Tracked(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.client, None)
            super().connection_lost(exc)

    return Tracked


class Announced(uvicorn.Server):
    """uvicorn's server, which prints its address once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or []:
            host, port = listening.getsockname()
            print(f"listening http://{host}:{port}", flush=True)


def listen(port: int) -> socket.socket:
    """A socket on 127.0.0.1, on a free port for 0; raises OSError if the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def run(platform: GenesysPlatform, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    connections: Connections = {}
    config = uvicorn.Config(
        application(platform, connections),
        http=tracked(connections),
        loop="asyncio",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    Announced(config).run(sockets=[listening])
