"""The OAuth client that writes to Genesys: a secret that a person fills in after deploying."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.acknowledgements import acknowledge


class Credentials(Construct):
    """{"client_id": ..., "client_secret": ...}; until they are real, Genesys refuses every call."""

    def __init__(
        self, scope: Construct, construct_id: str, *, removal_policy: cdk.RemovalPolicy
    ) -> None:
        super().__init__(scope, construct_id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="OAuth client (client credentials grant) of genesys-relay",
            # Random, so that the placeholder is not a known password.
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template='{"client_id": "not-set"}',
                generate_string_key="client_secret",
                exclude_punctuation=True,
            ),
            removal_policy=removal_policy,
        )
        acknowledge(
            self.secret,
            "AwsSolutions-SMG4",
            "Genesys issues the credentials, so AWS cannot rotate them. The functions read the "
            "secret again when Genesys refuses the old one, so a person can rotate it at any time.",
        )

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Reading the current value."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.secret_arn],
        )
