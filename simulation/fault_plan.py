"""The faults of one run: which kinds, how often, and how many occurred."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import Literal, get_args

from simulation.memory.faults import WORLD_FAULTS, Fault

PlatformFault = Literal[
    "crash",  # an instance dies between two instructions
    "stall",  # an instance pauses for a minute or more
    "timeout",  # Lambda ends an invocation at its deadline
    "clock skew",  # an instance's clock is wrong
    "acknowledgement lost",  # the event source mapping's deletion of a message is lost
    "mapping paused",  # a queue is not read for hours or days
    "redrive whole",  # an engineer redrives dead letters, mid-incident
    "redrive part",
    "redrive astray",  # ... into the queue of another function
    "redrive by default",  # ... with the console's default, which SQS then aborts
    "message copied",  # a person sends a copy of a waiting message
    "attributes edited",  # a person replaces the attributes of waiting messages
    "purge",  # a person empties the queue of claimed batches
    "body edited",  # a person edits the bodies of waiting messages
    "records edited",  # a person edits requests' records in the ledger
    "shared items edited",  # ... or what all writers share there
    "dead letters purged",  # a person empties all dead-letter queues, then replays the archive
    "made a dead letter",  # a person moves waiting messages to any dead-letter queue
    "put back late",  # a person takes waiting messages out, and puts them back days later
    "ledger restored",  # to a moment of the last hours, as the runbook describes
    "archive replayed",  # events and sealed batches are purged, then the bus's archive is replayed
    "reconcile twice",  # two runs of the reconciler overlap
    "genesys silent",  # every request vanishes for a while
    "message sent again",  # an engineer sends an old copy of a message, weeks later
    "ttl deletion",  # DynamoDB deletes expired items, some at once, some days later
]
SenderFault = Literal[
    "put refused",  # the bus did not accept the event
    "put answer lost",  # accepted, but the sender gets no answer
    "post answer lost",  # the webhook's answer is lost
]
PLATFORM_FAULTS: tuple[PlatformFault, ...] = get_args(PlatformFault)
SENDER_FAULTS: tuple[SenderFault, ...] = get_args(SenderFault)
Kind = Fault | PlatformFault | SenderFault
KINDS: tuple[Kind, ...] = (*WORLD_FAULTS, *PLATFORM_FAULTS, *SENDER_FAULTS)

#: people move messages to queues that are not theirs
ASTRAY: frozenset[Kind] = frozenset({"redrive astray", "made a dead letter"})
#: the probability of each fault at each opportunity, before swarming
RATES: Mapping[Kind, float] = {
    "ledger throttled": 0.01,
    "ledger answer lost": 0.01,
    "ledger met itself": 0.01,
    "ledger late write": 0.01,
    "ledger partly applied": 0.02,
    "ledger unreadable": 0.02,
    "send refused": 0.01,
    "send answer lost": 0.015,
    "send repeated": 0.015,
    "send partly": 0.2,
    "delivered twice": 0.03,
    "delete lost": 0.05,
    "hide refused": 0.02,
    "receive short": 0.05,
    "vault refused": 0.03,
    "vault answer lost": 0.03,
    "secret unreadable": 0.03,
    "secret rotated": 0.1,
    "not sent": 0.02,
    "429 short": 0.03,
    "429 hours": 0.01,
    "token revoked": 0.015,
    "forbidden": 0.01,
    "5xx no effect": 0.02,
    "5xx effect": 0.02,
    "unanswered no effect": 0.02,
    "unanswered effect": 0.04,
    "late effect": 0.03,
    "html page": 0.015,
    "broken body": 0.015,
    "item retryable": 0.05,
    "login 429": 0.05,
    "login 5xx": 0.03,
    "login unanswered": 0.03,
    "login page": 0.02,
    "echo lost": 0.1,
    "echo late": 0.1,
    "echo repeated": 0.1,
    "echo before answer": 0.2,
    "bus delivered twice": 0.05,
    "bus late": 0.03,
    "bus undeliverable": 0.02,
    "crash": 0.003,
    "stall": 0.002,
    "clock skew": 0.5,
    "acknowledgement lost": 0.03,
    "mapping paused": 0.05,
    "redrive whole": 0.15,
    "redrive part": 0.15,
    "reconcile twice": 0.1,
    "genesys silent": 0.05,
    "message sent again": 0.7,
    "ttl deletion": 0.7,
}
#: the same for kinds added later: their own randomness keeps older seeds unchanged
LATER_RATES: Mapping[Kind, float] = {
    "send throttled": 0.02,
    "put refused": 0.2,
    "put answer lost": 0.2,
    "post answer lost": 0.2,
}
#: and for those added last
LATEST_RATES: Mapping[Kind, float] = {
    "redrive astray": 0.15,
    "purge": 0.1,
    "redrive by default": 0.15,
    "message copied": 0.1,
    "attributes edited": 0.1,
}
#: misleading answers: only in a few runs, so that older seeds stay unchanged
STRANGE_RATES: Mapping[Kind, float] = {
    "error document": 0.04,
    "failure unnamed": 0.02,
    "failure twice": 0.04,
    "foreign refusal": 0.03,
    "path gone": 0.02,
    "429 absurd": 0.03,
    "conflict": 0.03,
}
STRANGE_SHARE = 0.25
#: slips that change what can be promised: only in a few runs, for the same reason
HEAVY_RATES: Mapping[Kind, float] = {
    "body edited": 0.25,
    "archive replayed": 0.7,
}
HEAVY_SHARE = 0.2
#: clocks set between two readings: only in a few runs, for the same reason
CLOCK_RATES: Mapping[Kind, float] = {"clock set": 0.02}
CLOCK_SHARE = 0.2
#: the same for the ledger
RESTORE_RATES: Mapping[Kind, float] = {"ledger restored": 0.9}
RESTORE_SHARE = 0.12
#: and for people who edit or move what is stored
HAND_RATES: Mapping[Kind, float] = {
    "records edited": 0.6,
    "shared items edited": 0.6,
    "dead letters purged": 0.6,
    "made a dead letter": 0.2,
    "put back late": 0.2,
}
HAND_SHARE = 0.12
#: swarming (Groce et al., "Swarm Testing"): runs without most faults go deeper into the others than
#: runs that mix all of them
LEFT_OUT = 0.35
AMPLIFIED = 0.12
AMPLIFIED_BY = 5.0
STALL_MS = (5_000, 90_000)


def swarm(random: Random, usual: Mapping[Kind, float] = RATES) -> dict[Kind, float]:
    """Each seed's own subset and rates."""
    rates = {}
    for kind, rate in usual.items():
        point = random.random()
        if point > LEFT_OUT:
            rates[kind] = min(0.9, rate * (AMPLIFIED_BY if point > 1 - AMPLIFIED else 1.0))
    return rates


class FaultPlan:
    """Implements memory.faults.Faults."""

    def __init__(self, random: Random, rates: Mapping[Kind, float]) -> None:
        self.counts: Counter[Kind] = Counter()
        self._random = random
        self._rates = rates
        self._stall = rates.get("stall", 0.0)

    def clear_up(self) -> None:
        """No more faults from now on."""
        self._rates = {}
        self._stall = 0.0

    def strikes(self, fault: Kind) -> bool:
        rate = self._rates.get(fault)
        if rate is None or self._random.random() >= rate:
            return False
        self.counts[fault] += 1
        return True

    def one_of(self, faults: Sequence[Fault]) -> Fault | None:
        point = self._random.random()
        for fault in faults:
            point -= self._rates.get(fault, 0.0)
            if point < 0:
                self.counts[fault] += 1
                return fault
        return None

    def fraction(self) -> float:
        return self._random.random()

    def happened(self, fault: Kind) -> None:
        self.counts[fault] += 1

    def latency_ms(self, usual_max: int) -> int:
        point = self._random.random()
        if point < self._stall:
            self.counts["stall"] += 1
            low, high = STALL_MS
            return low + int(self._random.random() * (high - low))
        return 1 + int(point * usual_max)
