"""Errors, named by the reaction they demand.

RelayError
├── Transient      the message returns to the queue and is tried again later
│   └── Throttled  the same; a neighbour asked us to slow down
└── Malformed      never retried: the message is quarantined with the reason
    ├── Misplaced  one of our messages in the wrong queue: reconcile moves it to the right one
    └── Impossible as Malformed; a neighbour will always refuse it: too large, no valid key
"""

from lambdas.relay.kernel.reasons import Reason, sentence


class RelayError(Exception):
    """Anything the relay raises on purpose."""


class Reasoned(RelayError):
    """Has the reason that goes on record; `str` turns it into a sentence for tracebacks."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return sentence(self.reason)


class Transient(Reasoned):
    """May work later; `retry_after_s` says when to try, None leaves that to the backoff."""

    def __init__(self, reason: Reason, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Throttled(Transient):
    """A neighbour asked us to slow down."""


class Malformed(Reasoned):
    """Will never work."""


class Impossible(Malformed):
    """A neighbour will never accept the message as it is; retries would never end."""


class Misplaced(Malformed):
    """One of our messages in the wrong queue, such as by a wrong choice in the console."""
