"""What a synthesis wrote, and how tests look at it: by type and path, never by hashed ids."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Template = dict[str, Any]
Resource = dict[str, Any]

#: CDK ends a logical id with eight hexadecimal digits
HASH = re.compile(r"[0-9A-F]{8}$")


@dataclass(frozen=True, slots=True)
class Synthesised:
    """A cloud assembly: templates by environment, the manifest, the policy validation's report."""

    templates: Mapping[str, Template]
    manifest: dict[str, Any]
    report: dict[str, Any]


def resources(template: Template, kind: str) -> dict[str, Resource]:
    """The resources of a type, by their logical ids without the hash."""
    return {
        HASH.sub("", identity): resource
        for identity, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def only(template: Template, kind: str) -> Resource:
    """The one resource of a type."""
    (resource,) = resources(template, kind).values()
    return resource


def readable(value: Any) -> Any:
    """A value with its references written as names: <QueuesEventsQueue>."""
    match value:
        case {"Ref": name}:
            return f"<{HASH.sub('', name)}>"
        case {"Fn::GetAtt": [name, _]}:
            return f"<{HASH.sub('', name)}>"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(readable(part)) for part in parts)
        case {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}:
            return f"{readable(text)}.split({separator})[{index}]"
        case dict():
            return {key: readable(each) for key, each in value.items()}
        case list():
            return [readable(each) for each in value]
        case _:
            return value


def as_list(value: Any) -> list[Any]:
    """IAM writes a single value without a list."""
    return value if isinstance(value, list) else [value]
