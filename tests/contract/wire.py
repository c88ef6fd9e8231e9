"""A server with one scripted answer: raw bytes, pauses, or a silent end."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

#: how long a request may take to arrive, on a busy machine, too (seconds)
READ_WITHIN_S = 60
#: what to do after a request was read: send bytes, or wait so many seconds
Script = Sequence[bytes | float]


@dataclass
class Server:
    port: int
    requests: list[bytes] = field(default_factory=list)
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@contextmanager
def serving(*script: bytes | float, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Answers every connection by the script; what came in is in `requests`."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        server = Server(listener.getsockname()[1], scheme="https" if tls else "http")

        def run() -> None:
            while not ended.is_set():
                with suppress(TimeoutError, OSError):
                    connection, _ = listener.accept()
                    with connection:
                        _answer(connection, script, server, ended, tls)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            thread.join()


def _answer(
    connection: socket.socket,
    script: Script,
    server: Server,
    ended: threading.Event,
    tls: ssl.SSLContext | None,
) -> None:
    connection.settimeout(READ_WITHIN_S)
    if tls is not None:
        connection = tls.wrap_socket(connection, server_side=True)
    server.requests.append(_read(connection))
    for step in script:
        if isinstance(step, bytes):
            connection.sendall(step)
        elif ended.wait(step):
            return


def _read(connection: socket.socket) -> bytes:
    """One request with its body."""
    data = b""
    until = time.monotonic() + READ_WITHIN_S
    while time.monotonic() < until:
        data += connection.recv(65_536)
        head, found, body = data.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            break
    return data


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
