"""One line of the result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    unit: str
    better: Literal["higher", "lower"]
    ours: float
    rivals: Mapping[str, float] = field(default_factory=dict)
    #: the theoretical optimum
    floor: float | None = None
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        if self.aim is None:
            return None
        return self.ours >= self.aim if self.better == "higher" else self.ours <= self.aim
