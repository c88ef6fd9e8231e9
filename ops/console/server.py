"""Serves the page: on this machine only, for as long as the command runs."""

import socket

import uvicorn

from ops.console.app import console
from ops.console.door import Door
from ops.console.readings import Readings
from ops.errors import OpsError

HOST = "127.0.0.1"
#: how long open pages may delay the shutdown (seconds)
ENDS_WITHIN_S = 1


def listen(port: int) -> socket.socket:
    """Loopback only; 0: a free port. Raises OpsError."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise OpsError(
            f"Port {port} is not available ({error.strerror}): leave --port out to use a free one."
        ) from error
    return listening


def address(door: Door) -> str:
    """The address, with token, for the browser."""
    return f"http://{HOST}:{door.port}/?token={door.token}"


def server(readings: Readings, door: Door, renew_s: float) -> uvicorn.Server:
    running = uvicorn.Server(
        uvicorn.Config(
            console(readings, door, renew_s, lambda: running.should_exit),
            lifespan="off",
            log_level="warning",
            access_log=False,  # it would reveal the token
            server_header=False,
            timeout_graceful_shutdown=ENDS_WITHIN_S,
        )
    )
    return running
