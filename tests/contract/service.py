"""A service of AWS that notes what it was asked."""

from types import SimpleNamespace
from typing import Any


class Service:
    """A service that notes what it was asked, and gives prepared answers."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.meta = SimpleNamespace(partition="aws", region_name="eu-west-1")
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**said: Any) -> Any:
            self.asked.append((name, said))
            answer = self.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call
