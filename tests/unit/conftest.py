"""Unit tests reach nothing outside their process."""

import socket
from collections.abc import Iterator
from typing import NoReturn

import pytest


def _refuse(*arguments: object, **named: object) -> NoReturn:
    raise RuntimeError("a unit test must not use the network")


@pytest.fixture(scope="package", autouse=True)
def sockets_off() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for method in ("connect", "connect_ex", "bind", "sendto"):
            patch.setattr(socket.socket, method, _refuse)
        patch.setattr(socket, "getaddrinfo", _refuse)
        yield
