"""The data of a report, read from the stage while it is running."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from demo.run.account import Account
from demo.run.stage import Stage
from demo.run.watching import Sight, Watch

_plain = TypeDeserializer()


@dataclass(frozen=True, slots=True)
class Facts:
    """A run's results. Times are seconds since 1970."""

    account: Account
    #: out/run.json
    row: Mapping[str, Any]
    complaints: Sequence[str]
    #: the simulated Genesys Cloud's record: requests, effects, violations
    requests: Sequence[Mapping[str, Any]]
    effects: Sequence[Mapping[str, Any]]
    #: items of the ledger
    claims: Sequence[Mapping[str, Any]]
    records: Mapping[str, Mapping[str, Any]]
    #: when each envelope was put on the bus, by the id that EventBridge gave it
    put_at: Mapping[str, float]
    sights: Sequence[Sight]
    #: a scenario's actions and observations, with their times
    notes: Sequence[tuple[float, str]]
    began_at: float
    requests_per_minute: int


def gather(
    stage: Stage, watch: Watch, account: Account, row: Mapping[str, Any], complaints: Sequence[str]
) -> Facts:
    """Reads the record and the ledger."""
    record = stage.genesys.get("record")
    claims: list[Mapping[str, Any]] = []
    records: dict[str, Mapping[str, Any]] = {}
    for item in _items(stage):
        if item["pk"].startswith("C#"):
            claims.append(item)
        elif item["pk"].startswith("R#"):
            records[item["pk"].removeprefix("R#")] = item
    return Facts(
        account=account,
        row=row,
        complaints=complaints,
        requests=record["requests"],
        effects=record["effects"],
        claims=claims,
        records=records,
        put_at=stage.put_at,
        sights=watch.sights,
        notes=watch.notes,
        began_at=watch.began_at,
        requests_per_minute=int(stage.genesys.get("summary")["limit"]["allowed"]),
    )


def _items(stage: Stage) -> Iterator[dict[str, Any]]:
    pages = (
        stage.aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=stage.outputs["LedgerTableName"])
    )
    for page in pages:
        for item in page["Items"]:
            yield {name: _plain.deserialize(value) for name, value in item.items()}
