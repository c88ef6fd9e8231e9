"""The rule of this folder, kept by conftest.py."""

import socket

import pytest


def test_a_unit_test_cannot_reach_the_network() -> None:
    with (
        socket.socket() as one,
        pytest.raises(RuntimeError, match="must not use the network"),
    ):
        one.connect(("127.0.0.1", 9))
