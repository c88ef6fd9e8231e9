"""The stage: the embedded AWS with this stack deployed, and the simulated Genesys Cloud."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from demo import supervisor
from emulator import toolchain
from emulator.process import ACCOUNT, REGION, Emulator
from emulator.shims.faults import Faults
from lambdas.relay.kernel import limits
from simulator.oauth import CLIENT_ID, CLIENT_SECRET
from simulator.organization import CONFIGURATION_ID, EXTERNAL_SOURCE_ID
from stacks.configuration import choice

ENVIRONMENT = "local"
#: the address of a running stage; `relay --local` reads it
ENDPOINT_FILE = "endpoint.json"
#: a whole CDK CLI call; a first synthesis with bundling takes about 20 s here
CDK_TIMEOUT_S = 1800
READY_TIMEOUT_S = 120
CONTROL_TIMEOUT_S = 120
END_WITHIN_S = 2

#: the names of the stack's outputs
QUEUES = tuple(name.capitalize() for name in limits.QUEUES)


class StageError(Exception):
    """The stage cannot be set up; the text is one sentence that says where to look."""


def nothing_to_prepare(genesys_url: str) -> str:
    """For scenarios that only need what the simulated Genesys Cloud has from the start."""
    return ""


@dataclass(frozen=True, slots=True)
class Setting:
    """How to set up the stage."""

    directory: Path
    source: str
    #: none, normal or hostile
    faults: str
    seed: int
    #: additional TOML for the environment: a scenario's own destinations and routes
    configuration: str = ""
    #: sets up what a scenario needs in Genesys Cloud before the deployment; returns more TOML
    prepare: Callable[[str], str] = nothing_to_prepare
    #: whether to add the destinations and routes of every scenario to this one's
    everything: bool = True
    #: additional keys of the table [relay]
    relay: str = ""


#: faults inside AWS, by the name of the set of faults
AWS_FAULTS: Mapping[str, dict[str, float]] = {
    "none": {},
    "normal": {"duplicate": 0.01},
    "hostile": {"throttle": 0.03, "crash": 0.06, "duplicate": 0.1, "redelivery_s": 2.0},
}


class Genesys:
    """The simulated Genesys Cloud, through its control API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, what: str) -> dict[str, Any]:
        """Reads `summary`, `record` and others. Raises StageError."""
        return self._call("GET", what, None)

    def post(self, what: str, **order: Any) -> dict[str, Any]:
        """Changes `conduct`, `outage`, `secrets` and others. Raises StageError."""
        return self._call("POST", what, order)

    def _call(self, method: str, what: str, order: dict[str, Any] | None) -> dict[str, Any]:
        try:
            answer = requests.request(
                method, f"{self.url}/_sim/{what}", json=order, timeout=CONTROL_TIMEOUT_S
            )
        except requests.RequestException as error:
            raise StageError("The Genesys simulator does not answer any more.") from error
        document: dict[str, Any] = answer.json()
        if answer.status_code != 200:
            raise StageError(f"The Genesys simulator refused {what}: {document['error']}")
        return document


@dataclass(frozen=True, slots=True)
class Stage:
    """What a run works on."""

    aws: Emulator
    genesys: Genesys
    outputs: Mapping[str, str]
    #: where `relay --local` reads how to connect, and what was deployed
    endpoint_file: Path
    template_file: Path
    #: when an envelope was put on the bus (seconds since 1970), by EventBridge's id for it
    put_at: dict[str, float] = field(default_factory=dict)

    def reconcile(self) -> dict[str, Any]:
        """Runs the reconciler as its schedule would. Raises StageError."""
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.outputs["ReconcileFunctionName"]
        )
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise StageError(f"The reconciler failed: {result.get('errorMessage')}")
        return result


@contextmanager
def set_stage(setting: Setting, tell: Callable[[str], None]) -> Iterator[Stage]:
    """Starts everything, stops it after the block. Raises StageError, EmulatorError."""
    setting.directory.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        tell("starting the AWS emulator")
        wanted = AWS_FAULTS[setting.faults]
        faults = Faults(seed=setting.seed, **wanted) if wanted else None
        aws = stack.enter_context(Emulator.start(setting.directory / "aws", faults=faults))
        tell("starting the Genesys simulator")
        genesys = stack.enter_context(
            serving_genesys(setting.directory, setting.seed, setting.faults)
        )
        outputs = _deploy(setting, aws, genesys, tell)
        aws.client("secretsmanager").put_secret_value(
            SecretId=outputs["GenesysSecretName"],
            SecretString=json.dumps({"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}),
        )
        with _attachable(setting, aws, genesys):
            template = f"genesys-relay-{ENVIRONMENT}.template.json"
            yield Stage(
                aws,
                genesys,
                outputs,
                endpoint_file=setting.directory / ENDPOINT_FILE,
                template_file=setting.directory / "cdk.out" / template,
            )


@contextmanager
def _attachable(setting: Setting, aws: Emulator, genesys: Genesys) -> Iterator[None]:
    """While the stage is running, a file tells `relay --local` where it is."""
    endpoint = setting.directory / ENDPOINT_FILE
    where = {
        "aws": aws.endpoint,
        "genesys": genesys.url,
        "account": ACCOUNT,
        "region": REGION,
        "environment": ENVIRONMENT,
    }
    endpoint.write_text(json.dumps(where, indent=2) + "\n", "utf-8")
    try:
        yield
    finally:
        endpoint.unlink(missing_ok=True)


@contextmanager
def serving_genesys(directory: Path, seed: int, faults: str) -> Iterator[Genesys]:
    """The simulated Genesys Cloud as a process; it logs in `directory`. Raises StageError."""
    log = directory / "genesys.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "simulator", "--port", "0"]
    command += ["--seed", str(seed), "--faults", faults, "--keys", "honoured"]
    child = supervisor.start(
        command, cwd=toolchain.ROOT, env=os.environ, log=log, grace_s=END_WITHIN_S
    )
    try:
        yield Genesys(_listening(child, log))
    finally:
        supervisor.stop(child, grace_s=END_WITHIN_S)


def _listening(child: "subprocess.Popen[bytes]", log: Path) -> str:
    """Waits for the line that the simulator prints at its start."""
    until = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < until and child.poll() is None:
        for line in log.read_text("utf-8").splitlines():
            if line.startswith("listening "):
                return line.removeprefix("listening ").strip()
        time.sleep(0.05)
    raise StageError(f"The Genesys simulator did not start: {log} says why.")


def _deploy(
    setting: Setting, aws: Emulator, genesys: Genesys, tell: Callable[[str], None]
) -> Mapping[str, str]:
    environment = setting.directory / f"{ENVIRONMENT}.toml"
    text = relay_table(setting.source, genesys.url) + setting.relay
    text += EVERYTHING if setting.everything else ""
    text += setting.configuration + setting.prepare(genesys.url)
    environment.write_text(text, "utf-8")
    outputs = setting.directory / "outputs.json"
    log = setting.directory / "deploy.log"
    log.unlink(missing_ok=True)
    tell("preparing the account with the CDK command line (bootstrap)")
    # Bootstrapped away from cdk.json, or the CLI would synthesise the app for it, too.
    _cdk(aws, log, setting.directory, "bootstrap", f"aws://{ACCOUNT}/{REGION}")
    tell("bundling the functions and deploying the stack with the CDK command line")
    _cdk(
        aws,
        log,
        toolchain.ROOT,
        "deploy",
        *("--context", choice(environment)),
        *("--output", str(setting.directory / "cdk.out")),
        *("--outputs-file", str(outputs)),
        *("--require-approval", "never"),
        *("--method", "direct"),
        *("--progress", "events"),
    )
    (stack,) = json.loads(outputs.read_text("utf-8")).values()
    return dict(stack)


def _cdk(aws: Emulator, log: Path, directory: Path, *arguments: str) -> None:
    try:
        code = supervisor.run(
            toolchain.cdk(*arguments),
            cwd=directory,
            env=aws.environ(),
            log=log,
            grace_s=END_WITHIN_S,
            timeout_s=CDK_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        raise StageError(
            f"cdk {arguments[0]} took over {CDK_TIMEOUT_S} s: {log} says how far it came."
        ) from error
    if code != 0:
        raise StageError(f"cdk {arguments[0]} failed: {log} says why.")


def relay_table(source: str, genesys_url: str) -> str:
    """Where a run's stack receives from, and where it writes to."""
    return f"""\
# Written by `make run`.
[relay]
partner_event_source = {json.dumps(source)}
any_event_source = true
api_url = "{genesys_url}"
login_url = "{genesys_url}"
timing = "rehearsal"
removal = "destroy"
log_retention_days = 1
archive_days = 1
architecture = "{_architecture()}"
"""


#: The destination and the route that a run deploys. Items contain what the account needs to
#: identify an event by itself: type, topic, source and body, as published.
EVERYTHING = f"""
[destinations.journey]
kind = "journey-external-events"
configuration_id = "{CONFIGURATION_ID}"
unknown = "repost"

[destinations.journey.key]
honoured_hours = 24
checked_first = true

[[routes]]
name = "everything"
destination = "journey"
topics = ["*"]

[routes.item]
id = "id"
dateCreated = "occurred_at"
identifiers.externalIds = [
    {{ value = "conversation_id || identity", externalSourceId = "'{EXTERNAL_SOURCE_ID}'" }},
]
attributes.detailType = "detail_type"
attributes.topic = "topic"
attributes.source = "source"
attributes.body = "to_string(body)"
"""


def _architecture() -> str:
    """The emulator runs the functions on this machine's own processor."""
    return "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"
