"""A customer's endpoint on this machine, following Standard Webhooks: it verifies each request
itself, recognises a repetition by its `webhook-id`, and is busy at first."""

import base64
import hashlib
import hmac
import json
import secrets
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


class Receiver:
    """Listens from the start; `key` is what requests must be signed with."""

    def __init__(self) -> None:
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.refused = 0
        #: how often it has asked to wait
        self.busy = 0
        self._taken: dict[str, list[Any]] = {}
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/genesys"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def items(self) -> list[Any]:
        """What it has accepted, each request once."""
        with self._lock:
            return [item for items in self._taken.values() for item in items]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """The status of the answer."""
        with self._lock:
            if not self.busy:
                self.busy += 1
                return 429
            said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            mac = hmac.new(base64.b64decode(self.key), said, hashlib.sha256).digest()
            if f"v1,{base64.b64encode(mac).decode()}" not in headers["webhook-signature"].split():
                self.refused += 1
                return 401
            self._taken.setdefault(headers["webhook-id"], json.loads(body)["events"])
            return 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status = receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("content-length", "0")
                if status == 429:
                    self.send_header("retry-after", "1")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
