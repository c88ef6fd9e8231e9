"""Finds and removes what a deleted stack leaves behind with `removal = "retain"`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import code_of
from ops.acceptance.account import Account

#: the services' error codes for things that do not exist
GONE = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidAddress.NotFound",
        "NoSuchBucket",
        "NotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)
#: how often, and how many times, to check a table that is changing (seconds, times)
WAITING = {"Delay": 2, "MaxAttempts": 300}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource that is kept. Both raise ClientError if it does not exist."""

    service: str
    look: Callable[[Any, str], Any]
    remove: Callable[[Any, str], Any]


def _delete_table(client: Any, name: str) -> None:
    client.update_table(TableName=name, DeletionProtectionEnabled=False)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig=WAITING)
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig=WAITING)


def _delete_bucket(client: Any, name: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        rows = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        doomed = [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
        if doomed:  # one page, which holds no more than DeleteObjects accepts
            client.delete_objects(Bucket=name, Delete={"Objects": doomed})
    client.delete_bucket(Bucket=name)


def _group(client: Any, name: str) -> None:
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    if name not in [group["logGroupName"] for group in found]:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeLogGroups")


def _secret(client: Any, name: str) -> None:
    if "DeletedDate" in client.describe_secret(SecretId=name):
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "DescribeSecret")


def _release(client: Any, address: str) -> None:
    (found,) = client.describe_addresses(PublicIps=[address])["Addresses"]
    client.release_address(AllocationId=found["AllocationId"])


#: in the order in which they can be deleted: a bus with an archive cannot
KINDS: Mapping[str, Kind] = {
    "AWS::Events::Archive": Kind(
        "events",
        lambda client, name: client.describe_archive(ArchiveName=name),
        lambda client, name: client.delete_archive(ArchiveName=name),
    ),
    "AWS::Events::EventBus": Kind(
        "events",
        lambda client, name: client.describe_event_bus(Name=name),
        lambda client, name: client.delete_event_bus(Name=name),
    ),
    "AWS::SQS::Queue": Kind(
        "sqs",
        lambda client, url: client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"]),
        lambda client, url: client.delete_queue(QueueUrl=url),
    ),
    "AWS::DynamoDB::Table": Kind(
        "dynamodb", lambda client, name: client.describe_table(TableName=name), _delete_table
    ),
    "AWS::S3::Bucket": Kind(
        "s3", lambda client, name: client.head_bucket(Bucket=name), _delete_bucket
    ),
    "AWS::SecretsManager::Secret": Kind(
        "secretsmanager",
        _secret,
        lambda client, name: client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True),
    ),
    "AWS::Logs::LogGroup": Kind(
        "logs", _group, lambda client, name: client.delete_log_group(logGroupName=name)
    ),
    "AWS::EC2::EIP": Kind(
        "ec2",
        lambda client, address: client.describe_addresses(PublicIps=[address]),
        _release,
    ),
}
#: what must still exist after a stack was deleted
KEPT = (
    "AWS::DynamoDB::Table",
    "AWS::Events::Archive",
    "AWS::Events::EventBus",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
)


def standing(account: Account) -> Sequence[tuple[str, str]]:
    """What the run's stacks made and still exists, of the kinds that are kept."""
    return [(kind, made) for kind, made in _kept(account) if _is_there(account, kind, made)]


def remove(account: Account) -> int:
    """Removes them; returns how many there were."""
    found = standing(account)
    for kind, made in found:
        known = KINDS[kind]
        known.remove(account.client(known.service), made)
    return len(found)


def _kept(account: Account) -> Iterator[tuple[str, str]]:
    for wanted in KINDS:
        yield from sorted((kind, made) for kind, made in account.made if kind == wanted)


def _is_there(account: Account, kind: str, made: str) -> bool:
    known = KINDS[kind]
    try:
        known.look(account.client(known.service), made)
    except ClientError as error:
        if code_of(error) in GONE:
            return False
        raise
    return True
