"""The settings of a function, from its deployment."""

from typing import Protocol

from lambdas.relay.entrances.proofs import Verification
from lambdas.relay.kernel.limits import Timing
from lambdas.relay.routes.configuration import Configuration


class Settings(Protocol):
    """Each is read on first use: no function has all of them."""

    @property
    def configuration(self) -> Configuration: ...

    @property
    def timing(self) -> Timing: ...

    def receives_max(self, queue: str) -> int:
        """Receives after which SQS dead-letters a message of this queue."""
        ...

    @property
    def requests_per_minute(self) -> int:
        """This environment's part of the OAuth client's rate limit."""
        ...

    @property
    def headroom(self) -> int:
        """Requests a minute that are left to other users of the same client."""
        ...

    @property
    def answers_copies(self) -> bool:
        """Whether the webhook looks an event up in the ledger, and reports a copy."""
        ...

    @property
    def audit_hours(self) -> int:
        """How far back a daily audit looks."""
        ...

    @property
    def api_url(self) -> str: ...

    @property
    def login_url(self) -> str: ...

    @property
    def verification(self) -> Verification:
        """How senders of the webhook authenticate."""
        ...

    @property
    def sender_requests_per_minute(self) -> int:
        """The requests per minute that one instance accepts from one authenticated sender."""
        ...

    @property
    def replay_window_s(self) -> int:
        """How long a signed request to the webhook is accepted."""
        ...
