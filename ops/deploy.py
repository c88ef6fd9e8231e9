"""`make deploy`: reports what is bound to fail before anything is changed, then runs CDK's command
line, then has it protect the existing stack from deletion.

    python -m ops.deploy <environment>[,<environment>] [options of `cdk deploy`]
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import boto3
from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of
from lambdas.relay.kernel.lanes import LANE_QUEUES, title
from ops.errors import DENIED, EXPECTED, OpsError, sentence
from ops.screen import plural
from stacks.configuration import ConfigurationError, Environment, choice, load_environments

#: a stack that was created at least once, whatever the state of its last update
STANDING = ("CREATE_COMPLETE", "UPDATE_", "IMPORT_")

REVERTS, TAKES_OVER = "--revert-drift", "--import-existing-resources"

T = TypeVar("T")
#: runs a command and returns its exit code
Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True, slots=True)
class Found:
    """What the account already has of what a deployment needs."""

    account: str
    region: str
    #: the stack's state; None: there is no such stack
    stack: str | None
    #: the partner event source's state; None: there is no such source
    source: str | None
    #: the stack that has the bus named after the source; None: no stack has it
    bus_owner: str | None
    #: messages left in queues of lanes that the environment no longer has
    left_in_lanes: int = 0

    @property
    def stands(self) -> bool:
        return self.stack is not None and self.stack.startswith(STANDING)


def main(arguments: Sequence[str], run: Run) -> int:
    """The exit code. Reports on stderr."""
    references, *options = arguments
    try:
        environments = load_environments(references)
        found = [_look(environment, _option("--profile", options)) for environment in environments]
        for environment, here in zip(environments, found, strict=True):
            for objection in objections(environment, here):
                raise OpsError(f"{environment.name}: {objection} Nothing was changed.")
    except (ConfigurationError, *EXPECTED) as error:
        print(sentence(error), file=sys.stderr)
        return 1
    for environment, here in zip(environments, found, strict=True):
        for command in commands(environment, options, stands=here.stands):
            code = run(command)
            if code != 0:
                return code
    return 0


def objections(environment: Environment, found: Found) -> Iterator[str]:
    """Why a deployment would fail, and what to do instead."""
    relay = environment.document.relay
    source = relay.partner_event_source
    where = f"account {found.account}, region {found.region}"
    if found.left_in_lanes:
        are = plural(found.left_in_lanes, "message is", "messages are")
        yield (
            f"{are} in the lanes' queues, which would no longer be read: deploy with lanes = true "
            "and no lane in the routes first. When `relay status` shows these queues empty, deploy "
            "without lanes."
        )
    if relay.account not in (None, found.account):
        yield (
            f"The environment file names account {relay.account}, but these credentials belong to "
            f"{found.account}: sign in to that account, or name its profile "
            '(make deploy ARGS="--profile <name>").'
        )
    elif relay.any_event_source:
        return
    elif found.source is None:
        yield (
            f"There is no partner event source {source} in {where}: compare it with the name that "
            "Genesys Cloud shows, letter by letter, and check the integration's account and "
            "region. AWS deletes a source that is not associated with a bus within two weeks: then "
            "create a new integration."
        )
    elif found.source == "DELETED":
        yield (
            f"Genesys Cloud has deleted the partner event source {source}: create a new "
            "integration and put its source into the environment file."
        )
    elif relay.partner_bus_exists:
        if found.source == "PENDING":
            yield (
                f"The partner event source {source} is not associated with a bus yet: leave "
                "partner_bus_exists out of the environment file, and the stack creates one."
            )
    elif found.bus_owner not in (None, _stack(environment)):
        yield (
            f"The partner event source {source} is associated with a bus of the stack "
            f"{found.bus_owner}, and a source can have only one bus: set partner_bus_exists = true "
            "to share that bus, remove it from that stack, or create another integration."
        )


def commands(
    environment: Environment, options: Sequence[str], *, stands: bool
) -> Iterator[Sequence[str]]:
    """The calls of CDK's command line that deploy an environment.

    CDK protects a stack before creating it, and a protected stack whose creation failed can
    neither be deleted nor created again: so a new one is protected by a second call.
    """
    deploy = ["cdk", "deploy", _stack(environment), "--context", choice(environment.path)]
    keeps = environment.document.relay.removal == "retain"
    yield [*deploy, *_protected(keeps and stands), *_manner(options, stands=stands), *options]
    if keeps and not stands:
        yield [*deploy, *_protected(True), *options]


def _manner(options: Sequence[str], *, stands: bool) -> Sequence[str]:
    """For an existing stack, revert changes made by hand (otherwise CDK reports "no changes" for an
    unchanged template); for a new one, take over what a deleted stack left behind under names that
    we choose. CloudFormation is not known to do both at once, so explicit options replace this.
    """
    if any(option in (REVERTS, TAKES_OVER) for option in options):
        return []
    return [REVERTS if stands else TAKES_OVER]


def _protected(is_protected: bool) -> list[str]:
    return ["--context", f"protected={str(is_protected).lower()}"]


def _look(environment: Environment, profile: str | None) -> Found:
    """Raises AWS's errors, except for calls that these credentials may not make: CDK's command line
    works under a role of its own, and finds out by itself."""
    relay = environment.document.relay
    session = boto3.Session(profile_name=profile, region_name=relay.region)
    client: Any = session.client
    name = relay.partner_event_source
    return Found(
        account=client("sts").get_caller_identity()["Account"],
        region=str(session.region_name),
        stack=_asked(
            lambda: client("cloudformation").describe_stacks(StackName=_stack(environment))[
                "Stacks"
            ][0]["StackStatus"],
            absent="ValidationError",
            denied=None,
        ),
        source=_asked(
            lambda: client("events").describe_event_source(Name=name).get("State"),
            absent="ResourceNotFoundException",
            denied="UNKNOWN",
        ),
        bus_owner=_asked(
            lambda: client("cloudformation").describe_stack_resources(PhysicalResourceId=name)[
                "StackResources"
            ][0]["StackName"],
            absent="ValidationError",
            denied=None,
        ),
        left_in_lanes=0 if relay.lanes else _left_in_lanes(client, _stack(environment)),
    )


def _left_in_lanes(client: Any, stack: str) -> int:
    said = _asked(
        lambda: client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0],
        absent="ValidationError",
        denied=None,
    )
    made = {title(name) for name in LANE_QUEUES}
    ends = ("QueueUrl", "DeadQueueUrl")
    urls = [
        output["OutputValue"]
        for output in (said or {}).get("Outputs", [])
        if output["OutputKey"] in {f"{name}{end}" for name in made for end in ends}
    ]
    return sum(_depth(client, url) for url in urls)


def _depth(client: Any, url: str) -> int:
    """Messages in a queue; zero if it is gone, or if we may not ask."""
    asked = _asked(
        lambda: client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ],
        absent="AWS.SimpleQueueService.NonExistentQueue",
        denied=None,
    )
    counts = (asked or {}).items()
    return sum(int(count) for name, count in counts if name.startswith("ApproximateNumberOf"))


def _asked(question: Callable[[], T], *, absent: str, denied: T | None) -> T | None:
    """The answer; None if AWS answers `absent`; `denied` if we may not ask."""
    try:
        return question()
    except ClientError as error:
        if code_of(error) == absent:
            return None
        if code_of(error) in DENIED:
            return denied
        raise


def _stack(environment: Environment) -> str:
    return f"genesys-relay-{environment.name}"


def _option(name: str, options: Sequence[str]) -> str | None:
    """The value of an option, written with a space or with =."""
    for place, option in enumerate(options):
        if option.startswith(f"{name}="):
            return option.partition("=")[2]
        if option == name and place + 1 < len(options):
            return options[place + 1]
    return None


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], _run))
    except KeyboardInterrupt:
        sys.exit(130)
