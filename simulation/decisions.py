"""What people decided on cases (deciders.py), as the checker needs it: by the numbers of events."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Decided:
    """A command that failed or died may have been carried out; one that was refused was not."""

    #: the cases that each event was to be delivered again from
    again: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: events whose case was to be closed
    closing: set[int] = field(default_factory=set)
    #: when their case was certainly closed, the first time
    closed_ms: dict[int, int] = field(default_factory=dict)

    def delivered_again(self, case: str, numbers: set[int]) -> None:
        for number in numbers:
            self.again[number].add(case)

    def closed(self, shown: set[int], sealed: set[int], now_ms: int, *, is_done: bool) -> None:
        """`shown`: the events that the case showed; `sealed`: all that were ever in its batch, also
        those that other batches had claimed."""
        self.closing.update(shown | sealed)
        if is_done:
            for number in shown:
                self.closed_ms.setdefault(number, now_ms)
