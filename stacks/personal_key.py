"""The key under which names that a person could be known by are hashed in the ledger's keys."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from stacks.acknowledgements import acknowledge

KEY_CHARS = 64


class PersonalKey(Construct):
    """It belongs to the ledger, whose claims can be found only with it, and is kept like it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        removal_policy: cdk.RemovalPolicy,
        adopted: str | None,
    ) -> None:
        """`adopted`: the ARN of the secret that replaces the stack's own. The stack keeps its own,
        so that one setting switches back, too."""
        super().__init__(scope, construct_id)
        own = secretsmanager.Secret(
            self,
            "Secret",
            description=(
                "The key under which genesys-relay hashes personal names: never change it"
            ),
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=KEY_CHARS, exclude_punctuation=True
            ),
            removal_policy=removal_policy,
        )
        acknowledge(
            own,
            "AwsSolutions-SMG4",
            "Under another key no claim would be found, and copies would be delivered again.",
        )
        self.secret: secretsmanager.ISecret = (
            own
            if adopted is None
            else secretsmanager.Secret.from_secret_complete_arn(self, "Adopted", adopted)
        )

    def environment(self) -> dict[str, str]:
        return {"PERSONAL_KEY_ID": self.secret.secret_arn}

    def grant_read(self, grantee: iam.IGrantable) -> None:
        """Allow reading the key."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["secretsmanager:GetSecretValue"],
            resource_arns=[self.secret.secret_arn],
        )
