"""What deployers of an environment need, as a policy of the stack and as `make policy` prints it.

CDK's command line does everything under the roles that the bootstrap created; `make deploy` itself
first checks whether the deployment can succeed (ops/deploy.py).
"""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.acknowledgements import accept_wildcard
from stacks.environment_document import Relay

#: CDK's default, docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html
DEFAULT_QUALIFIER = "hnb659fds"
#: roles to deploy, upload the functions' code, and compare for `make diff`; there are no images
ROLES = ("deploy", "file-publishing", "lookup")

#: why statements name resources with a *
WILDCARDS = {
    "LooksBeforeItChanges": "A stack's ARN ends with an id that is unknown until it exists.",
    "WhetherALaneIsEmpty": "A queue's name ends with a part of the stack's id.",
    "WhoHasTheBus": "The call names only the bus, and any stack may have it.",
}


def document(name: str, relay: Relay, account: str, region: str) -> dict[str, Any]:
    """The policy for an environment of this name in an account and a region."""
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
                    f"arn:aws:cloudformation:{region}:{account}:stack/genesys-relay-{name}/*"
                ],
            },
            {
                "Sid": "WhetherALaneIsEmpty",
                "Effect": "Allow",
                "Action": ["sqs:GetQueueAttributes"],
                "Resource": [f"arn:aws:sqs:{region}:{account}:genesys-relay-{name}-writes-*"],
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


class DeployerPolicy(Construct):
    """For whoever deploys the releases after the first one, which needs what `make policy` prints.
    It is what this release needs: a later release may need more, and then `make policy` comes first
    again."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, relay: Relay) -> None:
        """`name`: the environment's."""
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        said = document(name, relay, stack.account, stack.region)
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            description=f"genesys-relay {name}: what make deploy and make diff need",
            document=iam.PolicyDocument.from_json(said),
        )
        for statement in said["Statement"]:
            for resource in statement["Resource"]:
                if "*" in resource:
                    accept_wildcard(self.policy, resource, WILDCARDS[statement["Sid"]])
