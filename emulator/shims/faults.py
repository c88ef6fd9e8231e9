"""The faults that the launcher may order from the emulator; the only module here for both sides."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong inside AWS, as probabilities from 0 to 1: that a ledger write is throttled,
    that an invocation loses its worker, that a received message is delivered again.

    `redelivery_s` is no fault but compressed time: failed batches return after so many seconds
    instead of their queue's visibility timeout, which is minutes. None keeps the timeout.
    """

    seed: int = 1
    throttle: float = 0.0
    crash: float = 0.0
    duplicate: float = 0.0
    redelivery_s: float | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))
