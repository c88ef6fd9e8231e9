"""`make policy`: the IAM policy that deployers of an environment need; with `--key`, what the
policy of the environment's KMS key must allow.

    python -m ops.deployer_policy <environment> [--key]
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from stacks import deployer_policy, key_policy
from stacks.configuration import ConfigurationError, Environment, load_environments


def main(arguments: Sequence[str]) -> int:
    """Prints a policy for each environment; the exit code."""
    names = [one for one in arguments if one != "--key"]
    try:
        for environment in load_environments(",".join(names)):
            wanted = _of_key if "--key" in arguments else _to_deploy
            print(json.dumps(wanted(environment), indent=2))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _to_deploy(environment: Environment) -> dict[str, Any]:
    """If the file sets no account or region, it applies to any."""
    relay = environment.document.relay
    return deployer_policy.document(
        environment.name, relay, relay.account or "*", relay.region or "*"
    )


def _of_key(environment: Environment) -> dict[str, Any]:
    """Raises ConfigurationError if the environment names none."""
    key = environment.document.relay.kms_key_arn
    if key is None:
        raise ConfigurationError(
            f"{environment.name} has no kms_key_arn: AWS's own keys need no policy."
        )
    return {"Version": "2012-10-17", "Statement": key_policy.statements(key)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
