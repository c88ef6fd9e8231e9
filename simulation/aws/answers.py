"""How a service answers: a document, a refusal, or not at all."""

from collections.abc import Mapping
from typing import Any

Answered = Mapping[str, Any]


class Refused(Exception):
    """A status and a code, in the form of the service's own errors; with `more` members."""

    def __init__(self, status: int, code: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.more = more or {}


class Unheard(Exception):
    """The answer never comes; the caller cannot know whether anything happened."""
