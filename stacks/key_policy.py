"""What the policy of a customer's key must allow, so that AWS's services can use it for a stack.

The stack does not own the key and cannot say it: `make policy` prints it, and `relay doctor` looks
whether it is there. The account's own principals are allowed by their IAM policies, which a key's
default policy lets decide.
"""

from collections.abc import Mapping, Sequence
from typing import Any

#: what each service asks of the key: docs.aws.amazon.com/eventbridge/latest/userguide/
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
#: services that say for which account they ask
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
    """Only for this account. EventBridge sends to queues without a word of the account that every
    example of AWS's has: it has no condition here, as in theirs."""
    if service in SAY_THE_ACCOUNT:
        return {"Condition": {"StringEquals": {"aws:SourceAccount": account}}}
    if service.startswith("logs."):
        logs = f"arn:{partition}:logs:{region}:{account}:*"
        return {"Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}}}
    return {}
