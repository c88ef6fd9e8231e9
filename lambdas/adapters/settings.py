"""What the stack gives a function: environment variables and the configuration file."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from lambdas.relay.entrances.proofs import Verification, verification
from lambdas.relay.kernel.lanes import variable
from lambdas.relay.kernel.limits import TIMINGS, Timing
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.resolved import load

#: written by the stack into the root of the asset
CONFIGURATION_FILE = "configuration.json"


class Settings:
    """Implements relay.assembly.settings.Settings from a function's environment variables, without
    defaults; a RuntimeError names a missing one."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def text(self, name: str) -> str:
        """Raises RuntimeError if the variable is missing or empty."""
        value = self._environ.get(name, "")
        if not value:
            raise RuntimeError(f"the function's environment variable {name} is missing")
        return value

    def count(self, name: str) -> int:
        return int(self.text(name))

    def queue_url(self, queue: str) -> str:
        """The URL of a queue, such as `events` or `events-dead`."""
        return self.text(f"{variable(queue)}_QUEUE_URL")

    def receives_max(self, queue: str) -> int:
        return self.count(f"{variable(queue)}_RECEIVES_MAX")

    @property
    def timing(self) -> Timing:
        return TIMINGS[self.text("TIMING")]

    @cached_property
    def configuration(self) -> Configuration:
        path = self._root / CONFIGURATION_FILE
        return load(json.loads(path.read_text("utf-8")))

    @property
    def requests_per_minute(self) -> int:
        return self.count("REQUESTS_PER_MINUTE")

    @property
    def headroom(self) -> int:
        return self.count("HEADROOM")

    @property
    def answers_copies(self) -> bool:
        return self.text("WEBHOOK_ANSWERS_COPIES") == "true"

    @property
    def audit_hours(self) -> int:
        return self.count("AUDIT_HOURS")

    @property
    def api_url(self) -> str:
        return self.text("GENESYS_API_URL")

    @property
    def login_url(self) -> str:
        return self.text("GENESYS_LOGIN_URL")

    @property
    def verification(self) -> Verification:
        return verification(self.text("WEBHOOK_VERIFICATION"))

    @property
    def replay_window_s(self) -> int:
        return self.count("WEBHOOK_REPLAY_WINDOW_S")

    @property
    def sender_requests_per_minute(self) -> int:
        return self.count("WEBHOOK_SENDER_REQUESTS_PER_MINUTE")
