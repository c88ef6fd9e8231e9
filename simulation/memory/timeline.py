"""Virtual time: runs actions in order of time. Nothing here reads a wall clock."""

import heapq
from collections.abc import Callable

Action = Callable[[], None]


class Timeline:
    """True time, in milliseconds since 1970, and all later actions."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._due: list[tuple[int, int, Action]] = []
        self._count = 0

    def at(self, when_ms: int, action: Action) -> None:
        """Two actions at the same time run in the order in which they were scheduled."""
        self._count += 1
        heapq.heappush(self._due, (when_ms, self._count, action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now_ms + int(seconds * 1000), action)

    def step(self) -> bool:
        """Runs the next action at its time; False if there is none."""
        if not self._due:
            return False
        when_ms, _, action = heapq.heappop(self._due)
        if when_ms > self.now_ms:
            self.now_ms = when_ms
        action()
        return True

    def advance(self, seconds: float) -> None:
        """Lets time pass, with every action scheduled in it."""
        until_ms = self.now_ms + int(seconds * 1000)
        while self._due and self._due[0][0] <= until_ms:
            self.step()
        self.now_ms = max(self.now_ms, until_ms)
