"""Errors, named by the reaction they demand.

RelayError
├── Transient      back to the queue, to be tried again later
│   └── Throttled  the same; the neighbour has asked us to slow down
└── Malformed      never retried: set aside in the quarantine with the reason
    ├── Misplaced  it is ours and belongs in another queue: reconcile takes it there
    └── Impossible the same; it is a neighbour that can never take it: too large, no valid key
"""

from lambdas.relay.kernel.reasons import Reason, sentence


class RelayError(Exception):
    """Anything the relay raises on purpose."""


class Reasoned(RelayError):
    """With the reason that goes on record; its text is for whoever reads a traceback."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return sentence(self.reason)


class Transient(Reasoned):
    """It may work later; `retry_after_s` says when to try, None leaves that to the backoff."""

    def __init__(self, reason: Reason, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Throttled(Transient):
    """A neighbour asked us to slow down."""


class Malformed(Reasoned):
    """It will never work."""


class Impossible(Malformed):
    """A neighbour will never take it as it is; trying again would keep it circling for ever."""


class Misplaced(Malformed):
    """A message of ours in a queue of another kind: a wrong choice in the console."""
