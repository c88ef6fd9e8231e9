"""The two places for an acceptance run: AWS, and the embedded AWS."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from demo import supervisor
from emulator import toolchain
from emulator.isolation import keep_to_this_machine
from emulator.process import ACCOUNT, REGION, Emulator, EmulatorError

#: for a whole CDK command; CloudFormation takes some ten minutes for the stack
CDK_TIMEOUT_S = 3_600
END_WITHIN_S = 5

EmbeddedError = EmulatorError


class Aws:
    """A real account, with the credentials of the person who runs this."""

    is_embedded = False

    def __init__(self, log: Path) -> None:
        self._log = log

    def cdk(self, command: Sequence[str]) -> int:
        """Its output goes into the run's log, to be read if a step fails."""
        try:
            return supervisor.run(
                toolchain.cdk(*command[1:]), cwd=toolchain.ROOT,
                env=toolchain.with_tools(os.environ), log=self._log,
                grace_s=END_WITHIN_S, timeout_s=CDK_TIMEOUT_S,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return 1

    def webhook(self, url: str) -> str:
        return url


class Embedded(Aws):
    """The same calls, to this machine: the process has no other credentials."""

    is_embedded = True

    def __init__(self, log: Path, endpoint: str) -> None:
        super().__init__(log)
        self._endpoint = endpoint

    def webhook(self, url: str) -> str:
        """The emulator serves every API under its own address."""
        stated = urlsplit(url)
        api_id = str(stated.hostname).split(".")[0]
        return f"{self._endpoint}/_aws/execute-api/{api_id}/$default{stated.path}"


@contextmanager
def embedded(directory: Path) -> Iterator[tuple[Embedded, dict[str, Any]]]:
    """Starts it, and yields it with the settings of an environment there. From then on this process
    cannot reach AWS. Raises EmbeddedError."""
    supervisor.end_with_parent()
    keep_to_this_machine(os.environ)
    with Emulator.start(directory / "aws") as aws:
        os.environ.update(aws.environ())
        where = Embedded(directory / "cdk.log", aws.endpoint)
        bootstrap = toolchain.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        supervisor.run(
            # Away from cdk.json, or the command line would synthesise the app for it, too.
            bootstrap, cwd=directory, env=os.environ, log=directory / "cdk.log",
            grace_s=END_WITHIN_S, timeout_s=CDK_TIMEOUT_S,
        )  # fmt: skip
        machine = os.uname().machine
        yield (
            where,
            {
                "api_url": "http://127.0.0.1:1",
                "login_url": "http://127.0.0.1:1",
                "region": REGION,
                "architecture": "arm64" if machine in ("aarch64", "arm64") else "x86_64",
            },
        )
