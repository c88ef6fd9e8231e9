"""What a run's customers said must stay where docs/data.md says that payload is.

The events of every scenario hold telephone numbers that nobody has. At the end of a run these are
looked for in each place that must be without payload.
"""

from collections.abc import Iterator

from demo.day import NUMBERS
from demo.run import logs
from demo.run.stage import Stage


def complaints(stage: Stage) -> list[str]:
    """One sentence for each place in which a customer's number was found."""
    held = {place for place, text in _places(stage) if NUMBERS in text}
    return [f"{place}: holds a customer's telephone number" for place in sorted(held)]


def _places(stage: Stage) -> Iterator[tuple[str, str]]:
    """Every place that must be without payload, and all that it holds."""
    for verb, group in logs.groups(stage).items():
        for _, _, text in logs.lines(stage, group):
            yield f"the log of {verb.lower()}", text
    dynamodb, table = stage.aws.client("dynamodb"), stage.outputs["LedgerTableName"]
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            yield "the ledger", str(item)
    s3, bucket = stage.aws.client("s3"), stage.outputs["VaultBucketName"]
    for listed in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for row in listed.get("Contents", []):
            yield "the names of the vault's documents", row["Key"]
