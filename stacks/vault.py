"""The vault: a bucket for data that must not be lost and is not a record."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lambdas.relay.kernel import limits
from lambdas.relay.kernel.vault_keys import DISCARDED, ERASURES, QUARANTINE, REVIEW, SEALED
from stacks.acknowledgements import acknowledge
from stacks.environment_document import Relay

#: Long enough to answer why an event never arrived.
DISCARDED_DAYS = 365
#: Long enough to show that a request to erase was met, and that a second one is not the first.
ERASURES_DAYS = 3 * 365
#: How long a person can restore what was removed or overwritten.
REMOVED_DAYS = 35
#: A sealed batch outlives the record that may need it.
SEALED_DAYS = 35
MINIMUM_TLS_VERSION = 1.2


class Vault(Construct):
    """Encrypted, versioned, TLS only, never public."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        relay: Relay,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        if SEALED_DAYS * limits.DAY_S <= limits.CLAIM_TTL_S:
            raise ValueError("a sealed payload must outlive the claims of its events")
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=MINIMUM_TLS_VERSION,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy,
            lifecycle_rules=[
                s3.LifecycleRule(
                    prefix=SEALED,
                    expiration=cdk.Duration.days(SEALED_DAYS),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                ),
                s3.LifecycleRule(prefix=DISCARDED, expiration=cdk.Duration.days(DISCARDED_DAYS)),
                s3.LifecycleRule(prefix=ERASURES, expiration=cdk.Duration.days(ERASURES_DAYS)),
                # Usually they never expire, since an event whose document expires is lost.
                *(
                    s3.LifecycleRule(prefix=prefix, expiration=cdk.Duration.days(days))
                    for days in [relay.undecided_days]
                    for prefix in (QUARANTINE, REVIEW)
                    if days is not None
                ),
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                    noncurrent_version_expiration=cdk.Duration.days(REMOVED_DAYS),
                ),
            ],
        )
        acknowledge(
            self.bucket,
            "AwsSolutions-S1",
            "CloudTrail data events of the account's trail record access; server access logs would "
            "need a second bucket and hold less.",
        )

    def grant_put(self, grantee: iam.Role, *prefixes: str) -> None:
        """Adding objects under the prefixes."""
        self._grant(grantee, "s3:PutObject", *prefixes)

    def grant_get(self, grantee: iam.Role, *prefixes: str) -> None:
        """Reading objects under the prefixes, and learning which do not exist."""
        self._grant(grantee, "s3:GetObject", *prefixes)
        # Without it S3 answers 403 for a missing object, so expired looks like forbidden. It has no
        # condition on a prefix: GetObject's check sends none, so the condition would refuse it.
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["s3:ListBucket"], resource_arns=[self.bucket.bucket_arn]
        )

    def grant_list(self, grantee: iam.Role, prefix: str) -> None:
        """Listing the keys under a prefix, and reading nothing."""
        grantee.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket.bucket_arn],
                conditions={"StringEquals": {"s3:prefix": prefix}},
            )
        )

    def grant_discard(self, grantee: iam.Role, *prefixes: str) -> None:
        """Hiding objects that are no longer needed. The bucket is versioned, and nothing is granted
        DeleteObjectVersion: a person can restore what a function discards.
        """
        self._grant(grantee, "s3:DeleteObject", *prefixes)

    def _grant(self, grantee: iam.Role, action: str, *prefixes: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[action],
            resource_arns=[self.bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
        )
        bucket = cdk.Stack.of(self).get_logical_id(self.bucket.node.default_child)  # type: ignore[arg-type]
        for prefix in prefixes:
            acknowledge(
                grantee,
                f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/{prefix}*]",
                f"Any object, but only below {prefix}: each is named by a hash of its content.",
            )
