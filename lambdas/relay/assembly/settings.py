"""What a function is told by whoever deploys it."""

from typing import Protocol

from lambdas.relay.entrances.proofs import Verification
from lambdas.relay.kernel.limits import Timing
from lambdas.relay.routes.configuration import Configuration


class Settings(Protocol):
    """Read when they are first asked for: no function is told them all."""

    @property
    def configuration(self) -> Configuration: ...

    @property
    def timing(self) -> Timing: ...

    def receives_max(self, queue: str) -> int:
        """Receives after which SQS dead-letters a message of this queue."""
        ...

    @property
    def requests_per_minute(self) -> int:
        """Of the OAuth client's rate limit, what this environment may use."""
        ...

    @property
    def headroom(self) -> int:
        """Requests a minute that are left to other users of the same client."""
        ...

    @property
    def answers_copies(self) -> bool:
        """Whether the webhook asks the ledger what it knows, and says so."""
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
        """How a sender of the webhook proves who it is."""
        ...

    @property
    def sender_requests_per_minute(self) -> int:
        """What one proven sender of the webhook may ask of one instance."""
        ...

    @property
    def replay_window_s(self) -> int:
        """How long a signed request to the webhook is taken."""
        ...
