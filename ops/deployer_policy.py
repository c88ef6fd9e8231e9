"""`make policy`: the IAM policy that deployers of an environment need; with `--key`, what the
policy of the environment's KMS key must allow.

    python -m ops.deployer_policy <environment> [--key]

CDK's command line does everything under the roles that the bootstrap created; `make deploy` itself
first checks whether the deployment can succeed (ops/deploy.py).
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from stacks import key_policy
from stacks.configuration import ConfigurationError, Environment, load_environments

#: CDK's default, docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
DEFAULT_QUALIFIER = "hnb659fds"
#: roles to deploy, upload the functions' code, and compare for `make diff`; there are no images
ROLES = ("deploy", "file-publishing", "lookup")


def document(environment: Environment) -> dict[str, Any]:
    """The policy. If the file sets no account or region, it applies to any."""
    relay = environment.document.relay
    account, region = relay.account or "*", relay.region or "*"
    qualifier = relay.bootstrap_qualifier or DEFAULT_QUALIFIER
    source = relay.partner_event_source
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CdkWorksUnderTheseRoles",
                "Effect": "Allow",
                "Action": ["sts:AssumeRole"],
                "Resource": [
                    f"arn:aws:iam::{account}:role/cdk-{qualifier}-{role}-role-{account}-{region}"
                    for role in ROLES
                ],
            },
            {
                "Sid": "LooksBeforeItChanges",
                "Effect": "Allow",
                "Action": ["cloudformation:DescribeStacks"],
                "Resource": [
                    f"arn:aws:cloudformation:{region}:{account}:stack/"
                    f"genesys-relay-{environment.name}/*"
                ],
            },
            {
                "Sid": "WhetherALaneIsEmpty",
                "Effect": "Allow",
                "Action": ["sqs:GetQueueAttributes"],
                "Resource": [
                    f"arn:aws:sqs:{region}:{account}:genesys-relay-{environment.name}-writes-*"
                ],
            },
            {
                "Sid": "WhoHasTheBus",
                "Effect": "Allow",
                "Action": ["cloudformation:DescribeStackResources"],
                # The call names only the bus, and any stack may have it.
                "Resource": ["*"],
            },
            {
                "Sid": "WhetherTheSourceIsThere",
                "Effect": "Allow",
                "Action": ["events:DescribeEventSource"],
                "Resource": [f"arn:aws:events:{region}::event-source/{source}"],
            },
        ],
    }


def main(arguments: Sequence[str]) -> int:
    """Prints a policy for each environment; the exit code."""
    names = [one for one in arguments if one != "--key"]
    try:
        for environment in load_environments(",".join(names)):
            wanted = _of_key if "--key" in arguments else document
            print(json.dumps(wanted(environment), indent=2))
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


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
