"""Genesys Cloud as one function meets it: a login, and answers that a test prepares."""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANALYTICS = "/api/v2/analytics/conversations/details/jobs"
#: what the login answers
TOKEN = "canary-of-the-access-token"


@dataclass
class Genesys:
    """What was asked for, and what is answered next (200 with nothing unprocessed by default)."""

    url: str = ""
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, object]]] = field(default_factory=deque)
    #: what analytics answer, by the rest of the path
    told: dict[str, dict[str, object]] = field(default_factory=dict)


@contextmanager
def serving_genesys() -> Iterator[Genesys]:
    genesys = Genesys()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/oauth/token":
                self._answer(200, {"access_token": TOKEN, "expires_in": 86_400})
                return
            if self.path.startswith(ANALYTICS):
                self._answer(200, genesys.told[self.path.removeprefix(ANALYTICS)])
                return
            genesys.posts.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self._answer(*(genesys.answers.popleft() if genesys.answers else (200, {})))

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix(ANALYTICS)
            self._answer(200, genesys.told[path])

        def _answer(self, status: int, document: dict[str, object]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Logs nothing: the tests look at the functions' own lines."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        genesys.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield genesys
        finally:
            server.shutdown()
            thread.join()
