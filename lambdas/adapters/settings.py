"""What the stack tells a function: the environment, read once, and the configuration file."""

import json
from collections.abc import Mapping
from pathlib import Path

from lambdas.relay.limits import TIMINGS, Timing
from lambdas.relay.routes.configuration import Configuration, parse

#: written by the stack into the root of the asset
CONFIGURATION_FILE = "configuration.json"


class Settings:
    """The variables of a function, without defaults: what is missing is named at once."""

    def __init__(self, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def text(self, name: str) -> str:
        """Raises RuntimeError where it is missing or empty."""
        value = self._environ.get(name, "")
        if not value:
            raise RuntimeError(f"the function's environment variable {name} is missing")
        return value

    def count(self, name: str) -> int:
        return int(self.text(name))

    @property
    def timing(self) -> Timing:
        return TIMINGS[self.text("TIMING")]

    def configuration(self) -> Configuration:
        path = self._root / CONFIGURATION_FILE
        return parse(json.loads(path.read_text("utf-8")))
