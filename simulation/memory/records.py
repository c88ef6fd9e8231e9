"""Records in memory, by where they were put."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lambdas.relay.kernel.ports import Busy, NotSent, Record, Rejected, Taken, Unanswered

Answer = Taken | Busy | NotSent | Rejected | Unanswered


def _all_taken(records: Sequence[Record]) -> Answer:
    return Taken([""] * len(records))


@dataclass
class MemoryRecords:
    """Implements relay.kernel.ports.Records; `answer` decides the result of a call."""

    answer: Callable[[Sequence[Record]], Answer] = _all_taken
    taken: dict[str, list[Record]] = field(default_factory=dict)
    calls: int = 0

    def put(self, where: str, records: Sequence[Record]) -> Answer:
        self.calls += 1
        answer = self.answer(records)
        if isinstance(answer, Taken):
            codes = answer.codes
        elif isinstance(answer, Unanswered):
            codes = [""] * len(records)  # unknown to the caller; here it took effect
        else:
            codes = ["not taken"] * len(records)
        kept = [record for record, code in zip(records, codes, strict=True) if not code]
        self.taken.setdefault(where, []).extend(kept)
        return answer
