"""moto's PartiQL reads no parameters of an INSERT (py-partiql-parser 0.6), and would replace the
existing item. This is what DynamoDB documents instead: developer guide, PartiQL insert statements;
API reference, BatchStatementError."""

import re
from typing import Any

import pytest
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend

_INSERT = re.compile(r"INSERT INTO \"(?P<table>[^\"]+)\" VALUE \{(?P<members>'[^{}]*)\}")


def teach_inserts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DynamoDBBackend, "batch_execute_statement", _batch)


def _batch(backend: DynamoDBBackend, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_insert(backend, statement) for statement in statements]


def _insert(backend: DynamoDBBackend, statement: dict[str, Any]) -> dict[str, Any]:
    found = _INSERT.fullmatch(statement["Statement"])
    assert found, statement["Statement"]
    names = re.findall(r"'(\w+)': \?", found["members"])
    item = dict(zip(names, statement["Parameters"], strict=True))
    key = {name: item[name] for name in ("pk", "sk")}
    try:
        if backend.get_item(found["table"], key) is not None:
            return {"Error": {"Code": "DuplicateItem", "Message": "Duplicate primary key exists"}}
        backend.put_item(found["table"], item, overwrite=True)
    except MockValidationException as invalid:
        return {"Error": {"Code": "ValidationError", "Message": invalid.message}}
    return {"TableName": found["table"]}
