"""What every command gets: the relay it works on, and the screen."""

import getpass
import os
from dataclasses import dataclass, field
from typing import cast

import typer

from ops.connection import Relay, Target, connect
from ops.errors import OpsError
from ops.screen import Screen


@dataclass(slots=True)
class Session:
    target: Target
    screen: Screen
    _relay: Relay | None = field(default=None, init=False)

    @property
    def relay(self) -> Relay:
        """Connected on first use. Raises OpsError."""
        if self._relay is None:
            self._relay = connect(self.target)
        return self._relay


def session_of(context: typer.Context) -> Session:
    return cast(Session, context.obj)


def person() -> str:
    """The current user, for the record: in a container only a number may be known."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the latter from Python 3.13 on
        return f"uid {os.getuid()}"


def reason_given(note: str, option: str = "--note") -> str:
    """The reason for a decision, for the record. Raises OpsError if it is empty."""
    if not note.strip():
        raise OpsError(f"{option} is empty: give a reason, which is recorded.")
    return note.strip()
