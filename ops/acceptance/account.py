"""The account of an acceptance run: deploying, deleting, and keeping track of what was made."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3

from lambdas.adapters.aws import code_of
from ops import deploy
from ops.acceptance.environment import environment_file
from ops.acceptance.witness import Bell, Mailbox, Witness
from ops.connection import Relay

POLL_EVERY_S = 2.0
#: limits in case of a hang: CloudFormation takes some ten minutes for this stack, a queue seconds
PATIENCE_S = 1_800.0
#: after this time, a rule's new state applies everywhere,
#: docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html: "a short period"
SETTLES_WITHIN_S = 60.0
#: CDK must not ask questions: the run was confirmed as a whole
UNATTENDED = ("--require-approval", "never")


class Failure(Exception):
    """A step failed; one sentence says what was found instead."""


class Where(Protocol):
    """What differs between AWS and the embedded AWS."""

    is_embedded: bool

    def cdk(self, command: Sequence[str]) -> int:
        """Runs a CDK command; returns its exit code."""

    def webhook(self, url: str) -> str:
        """The reachable address of the webhook at `url`."""


@dataclass(slots=True)
class Account:
    """One stack in one account, and the run's own queues beside it."""

    where: Where
    #: the table [relay] of the environment that the account is taken from
    given: Mapping[str, Any]
    directory: Path
    name: str
    #: distinguishes this run's events and buses from those of others
    run: str
    session: Any = field(init=False)
    witness: Witness = field(init=False)
    bell: Bell = field(init=False)
    #: type and physical id of everything that this run's stacks ever had
    made: set[tuple[str, str]] = field(default_factory=set)
    _source: str = field(init=False)
    _release: str = field(default="a", init=False)
    _relay: Relay | None = field(default=None, init=False)
    _sent: int = field(default=0, init=False)
    _clients: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.session = boto3.Session(region_name=self.given.get("region"))
        sqs = self.client("sqs")
        self.witness = Witness(Mailbox(sqs, f"{self.stack}-witness-{self.run}"))
        self.bell = Bell(Mailbox(sqs, f"{self.stack}-bell-{self.run}"))
        self._source = self.bus("one")

    def client(self, service: str) -> Any:
        """Cached by service: creating one reads its whole API."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service)
        return self._clients[service]

    @property
    def stack(self) -> str:
        return f"genesys-relay-{self.name}"

    @property
    def file(self) -> Path:
        return self.directory / f"{self.name}.toml"

    @property
    def relay(self) -> Relay:
        """The stack as of the last deploy."""
        if self._relay is None:
            self._relay = Relay(self.session, self.stack)
        return self._relay

    def bus(self, which: str) -> str:
        """The name of a bus that acts as a partner event source."""
        return f"{self.stack}.{self.run}.{which}"

    def markers(self, count: int) -> list[str]:
        """New, unique names of events."""
        self._sent += count
        return [f"acceptance-{self.run}-{n}" for n in range(self._sent - count, self._sent)]

    # Deploying

    def deploy(
        self, *, source: str | None = None, release: str | None = None, options: Sequence[str] = ()
    ) -> bool:
        """Like `make deploy`; whether it succeeded. Settings not given stay as they were."""
        text = environment_file(
            self.given,
            source=source or self._source,
            witness_arn=self.witness.mailbox.arn,
            release=release or self._release,
        )
        self.file.write_text(text, "utf-8")
        succeeded = deploy.main([str(self.file), *UNATTENDED, *options], self.where.cdk) == 0
        if succeeded:
            self._source, self._release = source or self._source, release or self._release
        self.remember()
        return succeeded

    def require_deploy(self, **wanted: Any) -> None:
        """Raises Failure."""
        if not self.deploy(**wanted):
            raise Failure(f"`make deploy` failed, and the stack is {self.state()}.")

    def state(self) -> str | None:
        """CloudFormation's name for the stack's state; None: there is no stack."""
        state = self._described().get("StackStatus")
        return None if state in (None, "DELETE_COMPLETE") else str(state)

    def is_protected(self) -> bool:
        """Whether the stack has termination protection."""
        return bool(self._described().get("EnableTerminationProtection"))

    def _described(self) -> Mapping[str, Any]:
        """The stack as CloudFormation describes it; nothing if there is none."""
        cloudformation = self.client("cloudformation")
        try:
            (stack,) = cloudformation.describe_stacks(StackName=self.stack)["Stacks"]
        except cloudformation.exceptions.ClientError as error:
            if code_of(error) == "ValidationError":
                return {}
            raise
        described: Mapping[str, Any] = stack
        return described

    def remember(self) -> None:
        """Adds the stack's current resources to the list of what must be gone in the end."""
        self._relay = None
        if self.state() is not None:
            self.made |= {(kind, made) for kind, made in self.relay.resources.values() if made}
            listed = sorted(map(list, self.made))
            (self.directory / "made.json").write_text(json.dumps(listed, indent=1) + "\n", "utf-8")

    def delete(self) -> None:
        """Deletes the stack as the runbook describes. Raises Failure."""
        if self.state() is None:
            return
        self.remember()
        cloudformation = self.client("cloudformation")
        cloudformation.update_termination_protection(
            StackName=self.stack, EnableTerminationProtection=False
        )
        cloudformation.delete_stack(StackName=self.stack)
        self.until(lambda: not str(self.state()).endswith("_IN_PROGRESS"))
        if self.state() is not None:
            raise Failure(f"The stack could not be deleted: it is {self.state()}.")

    # Waiting

    def until(self, holds: Callable[[], bool], within_s: float = PATIENCE_S) -> bool:
        """Whether the condition becomes true within `within_s` seconds."""
        ends = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > ends:
                return False
            time.sleep(POLL_EVERY_S)
        return True

    def settle(self, seconds: float = SETTLES_WITHIN_S) -> None:
        """Waits for changes that AWS does not report; the embedded one makes them at once."""
        if not self.where.is_embedded:
            time.sleep(seconds)

    def require_once(self, markers: Sequence[str]) -> None:
        """Waits until each event took effect and nothing is in progress. Raises Failure."""
        self.until(lambda: self._arrived(markers) and self._is_quiet())
        self.witness.look()
        lacking = [marker for marker in markers if not self.witness.seen[marker]]
        doubled = [marker for marker in markers if self.witness.seen[marker] > 1]
        if lacking or doubled:
            raise Failure(
                f"Of {len(markers)} events {len(lacking)} took no effect and {len(doubled)} more "
                f"than one ({', '.join([*lacking, *doubled][:3])}): see `relay trace`."
            )

    def _arrived(self, markers: Sequence[str]) -> bool:
        self.witness.look()
        return all(self.witness.seen[marker] for marker in markers)

    def _is_quiet(self) -> bool:
        return not any(self.depth(line.url) for line in self.relay.lines())

    def depth(self, url: str) -> int:
        """How many messages a queue has, visible or not."""
        attributes = self.relay.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return sum(
            int(value)
            for name, value in attributes["Attributes"].items()
            if name.startswith("ApproximateNumberOf")
        )
