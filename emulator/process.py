"""The embedded AWS: ministack, an ordinary PyPI package, as a child process on 127.0.0.1.

    with Emulator.start(Path("out/emulator")) as aws:
        aws.client("sqs").create_queue(QueueName="events")

It runs in an environment of its own (.venv-emulator, since its pins clash with ours), sees none of
the user's environment, keeps nothing, and never outlives the process that started it.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, Self, overload

import boto3
from botocore.config import Config

from demo import supervisor
from emulator import toolchain
from emulator.isolation import keep_to_this_machine
from emulator.shims.faults import Faults

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

HOST = "127.0.0.1"
#: The account that the emulator gives to access keys that are no account id.
ACCOUNT = "000000000000"
REGION = "eu-west-1"
#: It answers within 0.3 s on an idle machine.
READY_WITHIN_S = 180.0
#: Between choosing a free port and taking it, somebody else may take it.
PORT_ATTEMPTS = 3
#: Above the sum of what the stack's event sources may run at a time; each worker takes 50 MB.
CONCURRENCY_MAX = 40


class EmulatorError(Exception):
    """The emulator cannot be used; one sentence says why and what to do."""


class Emulator:
    """A running emulator: `start` it in a `with` statement, or `stop` it."""

    def __init__(self, directory: Path, port: int, lock: IO[str]) -> None:
        self.directory = directory
        self.port = port
        self.endpoint = f"http://{HOST}:{port}"
        self.log_path = directory / "emulator.log"
        self._fault_log = directory / "faults.log"
        self._lock = lock
        self._child: subprocess.Popen[bytes] | None = None
        self._clients: dict[str, Any] = {}

    @classmethod
    def start(
        cls,
        directory: Path,
        *,
        port: int | None = None,
        faults: Faults | None = None,
        without: Iterable[str] = (),
    ) -> Self:
        """Start with nothing in it, all its files in `directory`, which is wiped first.

        `port` None takes a free one. `without` names patches (emulator/shims) to leave out.
        Raises EmulatorError: not installed, port taken, directory in use, or it did not start.
        """
        if not toolchain.EMULATOR_PYTHON.exists():
            raise EmulatorError("The AWS emulator is not installed: run `make setup`.")
        if port is not None and _is_taken(port):
            raise EmulatorError(
                f"Port {port}, asked for the AWS emulator, is taken:"
                " name another one, or none to have a free one chosen."
            )
        lock = _wipe_and_lock(directory.resolve())
        for _attempt in range(PORT_ATTEMPTS):
            emulator = cls(directory.resolve(), port or _free_port(), lock)
            if emulator._launch(faults, without):
                return emulator
        emulator.stop()
        raise EmulatorError(f"The AWS emulator did not start: {emulator.log_path} says why.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and its Lambda workers at once: there is nothing that it would have to save."""
        if self._child is not None:
            supervisor.stop(self._child, grace_s=0)
            self._child = None
        self._lock.close()

    def environ(self) -> dict[str, str]:
        """A complete environment for a child process (the CDK CLI, a script using boto3) that can
        reach this emulator and nothing of AWS, and that leaves the user's home alone."""
        inherited = dict(os.environ)
        keep_to_this_machine(inherited)
        home = self.directory / "home"
        return toolchain.with_tools(inherited) | {
            "HOME": str(home),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @overload
    def client(self, service: Literal["cloudformation"]) -> "CloudFormationClient": ...
    @overload
    def client(self, service: Literal["cloudwatch"]) -> "CloudWatchClient": ...
    @overload
    def client(self, service: Literal["dynamodb"]) -> "DynamoDBClient": ...
    @overload
    def client(self, service: Literal["events"]) -> "EventBridgeClient": ...
    @overload
    def client(self, service: Literal["lambda"]) -> "LambdaClient": ...
    @overload
    def client(self, service: Literal["logs"]) -> "CloudWatchLogsClient": ...
    @overload
    def client(self, service: Literal["s3"]) -> "S3Client": ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
    @overload
    def client(self, service: Literal["sqs"]) -> "SQSClient": ...
    def client(self, service: Any) -> Any:
        """One for each service: making it reads its whole API, which takes longer than a call."""
        if service not in self._clients:
            session = boto3.Session(
                aws_access_key_id=ACCOUNT, aws_secret_access_key="none", region_name=REGION
            )
            config = Config(retries={"mode": "standard"}, proxies={}, max_pool_connections=32)
            self._clients[service] = session.client(
                service, endpoint_url=self.endpoint, config=config
            )
        return self._clients[service]

    def faults_injected(self) -> Counter[str]:
        """How often each kind of fault happened: throttled, crashed, delivered twice."""
        if not self._fault_log.exists():
            return Counter()
        return Counter(self._fault_log.read_text().splitlines())

    def _launch(self, faults: Faults | None, without: Iterable[str]) -> bool:
        """Start the process and wait until it answers; False if it ended instead."""
        environ = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.directory / "home"),
            "TMPDIR": str(self.directory / "tmp"),
            "STATE_DIR": str(self.directory / "state"),
            "S3_DATA_DIR": str(self.directory / "s3"),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent",
            "MINISTACK_REGION": REGION,
            "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY_MAX),
            "EMULATOR_WITHOUT": ",".join(without),
            "EMULATOR_FAULT_LOG": str(self._fault_log),
        }
        if faults is not None:
            environ["EMULATOR_FAULTS"] = faults.to_json()
        self._child = supervisor.start(
            [str(toolchain.EMULATOR_PYTHON), "-s", "-m", "emulator.shims"],
            cwd=toolchain.ROOT,
            env=environ,
            log=self.log_path,
            grace_s=0,
        )
        deadline = time.monotonic() + READY_WITHIN_S
        while self._child.poll() is None and time.monotonic() < deadline:
            if _answers(f"{self.endpoint}/_ministack/ready"):
                return True
            time.sleep(0.02)
        supervisor.stop(self._child, grace_s=0)
        return False


def _wipe_and_lock(directory: Path) -> IO[str]:
    """Take the directory and remove what an earlier run left there, killed or not."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    lock = directory.with_name(directory.name + ".lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise EmulatorError(
            f"Another run uses {directory}: let it end, or choose another directory."
        ) from None
    shutil.rmtree(directory, ignore_errors=True)
    for name in ("home", "tmp"):
        (directory / name).mkdir(parents=True)
    return lock


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
        return False


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=1.0) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False  # not yet
