"""What the writers need for the configured sinks."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from lambdas.relay.routes.configuration import Configuration
from stacks.acknowledgements import acknowledge

#: letters and digits: valid base64 of 48 bytes, which every Standard Webhooks library accepts
KEY_CHARS = 64
#: the actions that an AWS service must allow on the resource that the configuration names
ACTIONS: Mapping[str, Sequence[str]] = {
    "event-bus": ["events:DescribeEventBus", "events:PutEvents"],
    "queue": ["sqs:GetQueueUrl", "sqs:SendMessage"],
    "firehose": ["firehose:PutRecordBatch"],
}


class Sinks(Construct):
    """The keys that sign requests to HTTPS endpoints, and the permission to put records where the
    configuration says; nothing if there are none."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        every = configuration.destinations.values()
        signed = sorted({one.name for one in every if one.service == "https"})
        self._targets = {
            service: sorted({one.path for one in every if one.service == service})
            for service in ACTIONS
        }
        self.secret = self._keys(signed[0], removal_policy) if signed else None

    def environment(self) -> dict[str, str]:
        return {} if self.secret is None else {"SIGNING_SECRET_ID": self.secret.secret_arn}

    def grant(self, grantee: iam.IGrantable) -> None:
        """Allow exactly what a request to each sink needs."""
        if self.secret is not None:
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["secretsmanager:GetSecretValue"],
                resource_arns=[self.secret.secret_arn],
            )
        for service, arns in self._targets.items():
            if arns:
                iam.Grant.add_to_principal(
                    grantee=grantee, actions=list(ACTIONS[service]), resource_arns=arns
                )

    def _keys(self, first: str, removal_policy: cdk.RemovalPolicy) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            "SigningKeys",
            description=(
                "The keys with which genesys-relay signs its requests to sinks: by destination, "
                "one or a list"
            ),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template="{}",
                generate_string_key=first,
                password_length=KEY_CHARS,
                exclude_punctuation=True,
            ),
            removal_policy=removal_policy,
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "A key is shared with a receiver, who must get the new one first. Requests are signed "
            "with all keys in the list, so a person can rotate them without interruption.",
        )
        return secret
