"""The customer's KMS key, if the stack has one: whether it is usable, and by which services."""

import json
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of
from ops.connection import Relay
from ops.errors import DENIED, OpsError
from stacks.key_policy import SERVICES

OUTPUT = "KeyArn"


def usable(relay: Relay) -> str:
    """What is in order; raises OpsError with the problem and the remedy."""
    key = relay.outputs.get(OUTPUT)
    if key is None:
        return "AWS's own keys"
    state = relay.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    if state != "Enabled":
        raise OpsError(
            f"The key {key} is {state}: nothing can be read or written. Enable it in KMS, or "
            "cancel its deletion; messages and records come back with it."
        )
    try:
        answer = relay.client("kms").get_key_policy(KeyId=key, PolicyName="default")
    except ClientError as error:
        if code_of(error) not in DENIED:
            raise
        return f"{key} is enabled; its policy may not be read, compare it with `make policy`"
    allowed = set(_services(json.loads(answer["Policy"])))
    region = key.split(":")[3]
    missing = sorted({name.format(region=region) for name in SERVICES} - allowed)
    if missing:
        raise OpsError(
            f"The policy of the key {key} does not let {', '.join(missing)} use it: add what "
            "`make policy ARGS=--key` prints."
        )
    return f"{key} is enabled, and the services may use it"


def _services(policy: Any) -> Iterator[str]:
    """The services to which a statement allows something."""
    for statement in policy["Statement"]:
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow" and isinstance(principal, dict):
            named = principal.get("Service", [])
            yield from [named] if isinstance(named, str) else named
