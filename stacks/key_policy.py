"""What the policy of a customer's key must allow so that AWS's services can use it for a stack.

The stack does not own the key and cannot set its policy: `make policy` prints it, and
`relay doctor` checks that it is in place. The account's own principals are covered by their IAM
policies, to which a key's default policy defers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

#: what each service needs of the key: docs.aws.amazon.com/eventbridge/latest/userguide/
#: eb-encryption-key-policy.html · /AWSSimpleQueueService/latest/SQSDeveloperGuide/
#: sqs-key-management.html (EventBridge sends under the queue's key) · /sns/latest/dg/
#: sns-key-management.html (CloudWatch publishes under the topic's) · /AmazonCloudWatch/latest/logs/
#: encrypt-log-data-kms.html
SERVICES: Mapping[str, Sequence[str]] = {
    "events.amazonaws.com": ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    "cloudwatch.amazonaws.com": ("kms:Decrypt", "kms:GenerateDataKey*"),
    "logs.{region}.amazonaws.com": (
        "kms:Decrypt*",
        "kms:Describe*",
        "kms:Encrypt*",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
    ),
}
#: services whose requests to KMS name the account
SAY_THE_ACCOUNT = ("cloudwatch.amazonaws.com",)


def statements(key_arn: str) -> list[dict[str, Any]]:
    """The statements to add to a key's policy."""
    _, partition, _, region, account, _ = key_arn.split(":", 5)
    return [
        {
            "Sid": "AccountDecidesByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        *(
            {
                "Sid": f"GenesysRelay{service.partition('.')[0].capitalize()}",
                "Effect": "Allow",
                "Principal": {"Service": service.format(region=region)},
                "Action": list(actions),
                "Resource": "*",
                **_condition(service, partition, region, account),
            }
            for service, actions in SERVICES.items()
        ),
    ]


def _condition(service: str, partition: str, region: str, account: str) -> dict[str, Any]:
    """Restrict to this account. EventBridge's requests for a queue lack the account, which AWS's
    other examples check: there is no condition for it here, as in AWS's example."""
    if service in SAY_THE_ACCOUNT:
        return {"Condition": {"StringEquals": {"aws:SourceAccount": account}}}
    if service.startswith("logs."):
        logs = f"arn:{partition}:logs:{region}:{account}:*"
        return {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}}}
    return {}
