"""The functions' variables and the queues' settings: read from a synthesised template, or derived
from the limits where there is none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.relay.kernel.lanes import variable
from lambdas.relay.kernel.limits import (
    DEAD_RETENTION_S,
    LIVE,
    MESSAGES_PER_INVOCATION,
    QUEUES,
    RECEIVES_MAX,
    SOURCE_RETENTION_S,
)

_HASH = re.compile(r"[0-9A-F]{8}$")
VERBS = (*QUEUES.values(), "reconcile", "webhook")
#: without a template: then a queue's name
_ADDRESS = "https://sqs.eu-central-1.amazonaws.com/123456789012/"


@dataclass(frozen=True, slots=True)
class Wiring:
    #: by function
    variables: Mapping[str, Mapping[str, str]]
    timeouts_s: Mapping[str, int]
    table: str
    #: by queue, dead-letter queues included: the last part of its address
    addresses: Mapping[str, str]
    visibility_s: Mapping[str, int]
    retention_s: Mapping[str, int]
    #: by queue: receives before a message is a dead letter, and messages an invocation takes
    receives_max: Mapping[str, int]
    batch_size: Mapping[str, int]

    def text(self, verb: str, name: str) -> str:
        """The variable's value, or for a missing one a text that no function expects."""
        return self.variables[verb].get(name, f"no {name}")


def by_the_limits() -> Wiring:
    names = [*QUEUES, *(f"{name}-dead" for name in QUEUES)]
    urls = {f"{variable(n)}_QUEUE_URL": f"{_ADDRESS}{n}" for n in names}
    receives = {f"{variable(name)}_RECEIVES_MAX": str(most) for name, most in RECEIVES_MAX.items()}
    variables = {
        **urls,
        **receives,
        "LEDGER_TABLE": "ledger",
        "VAULT_BUCKET": "vault",
        "GENESYS_SECRET_ID": "genesys",
        "WEBHOOK_SECRET_ID": "webhook",
        "PERSONAL_KEY_ID": "personal key",
        "TIMING": "live",
        "REQUESTS_PER_MINUTE": "300",
        "HEADROOM": "0",
        "GENESYS_API_URL": "https://api.simulated",
        "GENESYS_LOGIN_URL": "https://login.simulated",
        "WEBHOOK_VERIFICATION": "signature",
        "WEBHOOK_REPLAY_WINDOW_S": "300",
        "WEBHOOK_SENDER_REQUESTS_PER_MINUTE": "3000",
        "WEBHOOK_ANSWERS_COPIES": "false",
    }
    return Wiring(
        variables=dict.fromkeys(VERBS, variables),
        timeouts_s=LIVE.function_timeout_s,
        table="ledger",
        addresses={name: name for name in names},
        visibility_s={**LIVE.visibility_s, **{f"{name}-dead": 300 for name in QUEUES}},
        retention_s={
            name: DEAD_RETENTION_S if name.endswith("-dead") else SOURCE_RETENTION_S
            for name in names
        },
        receives_max=RECEIVES_MAX,
        batch_size=MESSAGES_PER_INVOCATION,
    )


def of_template(template: Mapping[str, Any]) -> Wiring:
    """As CloudFormation would make it; every name is the logical id of what it names."""
    told = _Template(template)
    queues = told.of("AWS::SQS::Queue")
    sources = {name: told.source_of(name) for name in QUEUES}
    addresses = {**sources, **{f"{n}-dead": _redrive(queues[s])[0] for n, s in sources.items()}}
    mappings = {
        _named(each["EventSourceArn"]): each
        for each in told.of("AWS::Lambda::EventSourceMapping").values()
    }
    for name, verb in QUEUES.items():
        mapping = mappings[sources[name]]
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert told.verb_of(mapping["FunctionName"]) == verb, f"{name} is not {verb}'s"
    return Wiring(
        variables={verb: told.variables(verb) for verb in VERBS if told.has(verb)},
        timeouts_s={verb: int(told.function(verb)["Timeout"]) for verb in VERBS if told.has(verb)},
        table=next(iter(told.of("AWS::DynamoDB::Table"))).lower(),
        addresses=addresses,
        visibility_s={n: int(queues[a].get("VisibilityTimeout", 30)) for n, a in addresses.items()},
        retention_s={n: int(queues[a]["MessageRetentionPeriod"]) for n, a in addresses.items()},
        receives_max={name: _redrive(queues[source])[1] for name, source in sources.items()},
        batch_size={name: int(mappings[source]["BatchSize"]) for name, source in sources.items()},
    )


class _Template:
    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]

    def of(self, kind: str) -> dict[str, Any]:
        return {
            _HASH.sub("", name): each["Properties"]
            for name, each in self._resources.items()
            if each["Type"] == kind
        }

    def has(self, verb: str) -> bool:
        return any(self._is(each, verb) for each in self.of("AWS::Lambda::Function").values())

    def function(self, verb: str) -> Any:
        functions = self.of("AWS::Lambda::Function").values()
        return next(each for each in functions if self._is(each, verb))

    @staticmethod
    def _is(function: Mapping[str, Any], verb: str) -> bool:
        return bool(function["Handler"] == f"lambdas.{verb}.handler")

    def verb_of(self, reference: Any) -> str:
        handler = self.of("AWS::Lambda::Function")[_named(reference)]["Handler"]
        return str(handler).split(".")[1]

    def source_of(self, queue: str) -> str:
        """The queue whose mapping invokes the function that works on it."""
        for each in self.of("AWS::Lambda::EventSourceMapping").values():
            if self.verb_of(each["FunctionName"]) == QUEUES[queue]:
                return _named(each["EventSourceArn"])
        raise AssertionError(f"nothing reads {queue}")

    def variables(self, verb: str) -> dict[str, str]:
        given = self.function(verb)["Environment"]["Variables"]
        return {name: self._resolved(value) for name, value in given.items()}

    def _resolved(self, value: Any) -> str:
        """A queue's address, or a name that a bucket can have."""
        if isinstance(value, str):
            return value
        name = _named(value)
        return f"{_ADDRESS}{name}" if name in self.of("AWS::SQS::Queue") else name.lower()


def _redrive(queue: Mapping[str, Any]) -> tuple[str, int]:
    policy = queue["RedrivePolicy"]
    return _named(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])


def _named(value: Any) -> str:
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return _HASH.sub("", name)
        case _:
            return str(value)
