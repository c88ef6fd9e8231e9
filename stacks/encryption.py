"""Encrypts everything that holds data with a customer's key instead of the services' own."""

import aws_cdk as cdk
import jsii
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

#: what readers and writers of encrypted data need to do with the key
#: (docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html, and
#: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html)
USES = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


@jsii.implements(cdk.IAspect)
class Encryption:
    """Sets the key on every resource that takes one, whichever construct made the resource. What
    the key's own policy must allow is in stacks/key_policy.py."""

    def __init__(self, key_arn: str) -> None:
        self._key = key_arn

    def visit(self, node: IConstruct) -> None:
        match node:
            case sqs.CfnQueue():
                node.sqs_managed_sse_enabled = None
                node.kms_master_key_id = self._key
            case dynamodb.CfnTable():
                node.sse_specification = dynamodb.CfnTable.SSESpecificationProperty(
                    sse_enabled=True, sse_type="KMS", kms_master_key_id=self._key
                )
            case s3.CfnBucket():
                node.bucket_encryption = self._of_bucket()
            case secretsmanager.CfnSecret() | logs.CfnLogGroup():
                node.kms_key_id = self._key
            case events.CfnEventBus() | events.CfnArchive():
                node.kms_key_identifier = self._key
            case sns.CfnTopic():
                node.kms_master_key_id = self._key
            case _:
                pass

    def grant(self, *grantees: iam.IGrantable) -> None:
        """Allow use of the key; the services check that their callers have it."""
        for grantee in grantees:
            iam.Grant.add_to_principal(
                grantee=grantee, actions=list(USES), resource_arns=[self._key]
            )

    def _of_bucket(self) -> s3.CfnBucket.BucketEncryptionProperty:
        default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
            sse_algorithm="aws:kms", kms_master_key_id=self._key
        )
        rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(
            # One data key for many objects: S3 then calls KMS, and bills it, a hundredth as often.
            bucket_key_enabled=True,
            server_side_encryption_by_default=default,
        )
        return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])
