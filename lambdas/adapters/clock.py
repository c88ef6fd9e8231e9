"""The real clock and real randomness."""

import random
import secrets
import time


class SystemClock:
    """Implements relay.kernel.ports.Clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class SystemEntropy:
    """Implements relay.kernel.ports.Entropy."""

    def fraction(self) -> float:
        return random.random()

    def token(self) -> str:
        return secrets.token_hex(16)
