"""DynamoDB's wire form of items, and its expressions, as its API reference has them. Shares nothing
with the adapter that writes them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Wire = Mapping[str, Any]
Item = dict[str, Any]

_PARTS = re.compile(r"(SET|ADD|REMOVE) (.*?)(?= (?:SET|ADD|REMOVE) |$)")
_SET = re.compile(r"(#\w+) = (?:if_not_exists\(#\w+, (:\w+)\)|(:\w+))")
_EXISTS = re.compile(r"attribute_(not_)?exists\((#?\w+)\)")
_IN = re.compile(r"(#\w+) IN \((.*)\)")
_COMPARES = re.compile(r"(#\w+) (=|<) (:\w+)")
_STATEMENT = re.compile(r"INSERT INTO \"[^\"]+\" VALUE \{(.*)\}")


def plain(value: Wire) -> Any:
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return int(held)
        case "NULL":
            return None
        case "L":
            return [plain(each) for each in held]
        case "M":
            return plain_item(held)
        case _:
            return held


def plain_item(item: Wire) -> Item:
    return {name: plain(value) for name, value in item.items()}


def wire(value: Any) -> Wire:
    match value:
        case bool():
            return {"BOOL": value}
        case None:
            return {"NULL": True}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": wire_item(value)}
        case _:
            return {"L": [wire(each) for each in value]}


def wire_item(item: Mapping[str, Any]) -> Item:
    return {name: wire(value) for name, value in item.items()}


def holds(call: Wire, item: Mapping[str, Any] | None) -> bool:
    """Whether a call's condition holds of an item; a missing item has no attributes."""
    names, values = _spoken(call)
    clauses = str(call.get("ConditionExpression", "")).split(" AND ")
    return all(_holds(clause, item or {}, names, values) for clause in clauses if clause)


def _holds(
    clause: str, item: Mapping[str, Any], names: Mapping[str, str], values: Mapping[str, Any]
) -> bool:
    if found := _EXISTS.fullmatch(clause):
        return (names.get(found[2], found[2]) in item) != bool(found[1])
    if found := _IN.fullmatch(clause):
        wanted = [values[each] for each in found[2].split(", ")]
        return names[found[1]] in item and item[names[found[1]]] in wanted
    found = _COMPARES.fullmatch(clause)
    assert found, f"an unknown condition: {clause}"
    held, wanted = item.get(names[found[1]]), values[found[3]]
    if held is None or type(held) is not type(wanted):
        return False
    return bool(held < wanted if found[2] == "<" else held == wanted)


def updated(call: Wire, item: Mapping[str, Any]) -> Item:
    names, values = _spoken(call)
    after = dict(item)
    for verb, text in _PARTS.findall(call["UpdateExpression"]):
        match verb:
            case "SET":
                for name, default, value in _SET.findall(text):
                    if value:
                        after[names[name]] = values[value]
                    else:
                        after.setdefault(names[name], values[default])
            case "ADD":
                for part in text.split(", "):
                    name, value = part.split(" ")
                    after[names[name]] = after.get(names[name], 0) + values[value]
            case _:
                for name in text.split(", "):
                    after.pop(names[name], None)
    return after


def inserted(statement: Wire) -> Item:
    found = _STATEMENT.fullmatch(statement["Statement"])
    assert found, statement["Statement"]
    names: Sequence[str] = re.findall(r"'(.*?)': \?", found[1])
    parameters = [plain(each) for each in statement["Parameters"]]
    return dict(zip(names, parameters, strict=True))


def _spoken(call: Wire) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    names: Mapping[str, str] = call.get("ExpressionAttributeNames", {})
    return names, plain_item(call.get("ExpressionAttributeValues", {}))
