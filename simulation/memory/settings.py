"""The functions' settings, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdas.relay.entrances.proofs import Verification
from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.limits import LIVE, RECEIVES_MAX, Timing
from lambdas.relay.routes.configuration import Configuration


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """Implements relay.assembly.settings.Settings. The defaults are those of the stack."""

    configuration: Configuration
    timing: Timing = LIVE
    receives: Mapping[str, int] = field(default_factory=lambda: RECEIVES_MAX)
    requests_per_minute: int = 300
    headroom: int = 0
    api_url: str = "https://api.simulated"
    login_url: str = "https://login.simulated"
    verification: Verification = "signature"
    replay_window_s: int = 300
    sender_requests_per_minute: int = 3_000
    audit_hours: int = 48
    answers_copies: bool = False

    def receives_max(self, queue: str) -> int:
        return self.receives[without_lane(queue)]
