"""What happened, step by step: always hashed, kept for the last steps, printed on demand."""

import zlib
from collections import deque
from collections.abc import Callable

#: steps that are shown for a failure
LAST_STEPS = 60

Step = tuple[int, str, str]


class Trace:
    """Two runs with the same hash took the same steps at the same times."""

    def __init__(self, show: Callable[[Step], None] | None = None) -> None:
        self.steps = 0
        self.hash = 0
        self.last: deque[Step] = deque(maxlen=LAST_STEPS)
        self._show = show

    def note(self, now_ms: int, who: str, what: str) -> None:
        self.steps += 1
        # Not hash(): Python salts it differently in every process.
        self.hash = zlib.crc32(f"{now_ms} {who} {what}".encode(), self.hash)
        step = (now_ms, who, what)
        self.last.append(step)
        if self._show is not None:
            self._show(step)
