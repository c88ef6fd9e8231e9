"""Extracts the shapes of requests from the official SDK: `python -m simulator.sdk_shapes`.

For each operation that the simulator serves: the JSON Schema of its body and the required names of
its path; and the models of what it can be told to hold. The source is PureCloudPlatformClientV2 (a
package for development; not needed at runtime), the result is schema/genesys-requests.json, which
`tests/simulator/test_sdk.py` compares with the SDK. The simulator judges requests by it, and
synthesis judges the routes' requests.

The Python SDK has members, types, enumerations and, in prose, which ids are GUIDs. Only the .NET
SDK of the same API says which members are required, in its constructors: REQUIRED repeats it
for the models that were read there; the others require nothing.
"""

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import PureCloudPlatformClientV2 as Sdk

from simulator.endpoints import ENDPOINTS
from simulator.shapes import SHAPES

PACKAGE = "PureCloudPlatformClientV2"
#: MyPureCloud/platform-client-sdk-dotnet, Model/<name>.cs: parameters marked "(required)"
REQUIRED: Mapping[str, Sequence[str]] = {
    "ContactEnrichRequest": ("matchingIdentifiers", "action"),
    "CreateExternalEventsConfigurationRequest": (
        "name", "description", "divisionId", "schemaId", "source",
    ),
    "CreateOutboundMessagingConversationRequest": (
        "queueId", "toAddress", "toAddressMessengerType",
    ),
    "ExternalEstablishedEvent": (
        "eventId", "eventDateTime", "conversationId", "communicationId", "initialConfiguration",
        "sourceConfiguration",
    ),
    "ExternalEvent": ("id", "dateCreated", "identifiers", "attributes"),
    "ExternalMetricDataItem": ("metricId", "dateOccurred", "value"),
    "SendAgentlessOutboundMessageRequest": ("toAddress", "toAddressMessengerType"),
    "WritableDialerContact": ("contactListId", "data"),
}  # fmt: skip
#: what the simulator can be told to hold, as the SDK's model describes it
HELD = ("AnalyticsConversationWithoutAttributes",)
PLAIN: Mapping[str, Mapping[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "object": {},
}
#: the SDK's wording for an id that must be a GUID
GUID = "V4 UUID"


def extracted() -> dict[str, Any]:
    """What the file should contain."""
    bodies = dict(_bodies(Path(inspect.getfile(Sdk)).parent / "apis"))
    models: dict[str, Any] = {}
    shapes: dict[str, Any] = {}
    for method, template in ((e.method, e.template) for e in ENDPOINTS):
        kind = bodies.get((method, _nameless(template)))
        if kind is not None:
            shapes[f"{method} {template}"] = _schema(kind, models)
    for kind in HELD:
        _schema(kind, models)
    return {
        "sdk": f"{PACKAGE} {version(PACKAGE)}",
        "operations": dict(sorted(shapes.items())),
        "models": dict(sorted(models.items())),
    }


def _bodies(apis: Path) -> Iterator[tuple[tuple[str, str], str]]:
    """For each operation with a body: its name, and the SDK's type of the body."""
    method = re.compile(r"\n    def \w+\(self(.*?)(?=\n    def |\Z)", re.DOTALL)
    for api in sorted(apis.glob("*.py")):
        for found in method.finditer(api.read_text("utf-8")):
            source = found[1]
            path = re.search(r"resource_path = '([^']+)'", source)
            verb = re.search(r"call_api\(resource_path, '([A-Z]+)'", source)
            name = re.search(r"body_params = params\['(\w+)'\]", source)
            body = name and re.search(rf":param (\S.*?) {name[1]}:", source)
            if path and verb and body:
                yield (verb[1], _nameless(path[1])), body[1]


def _nameless(template: str) -> str:
    return re.sub(r"\{\w+\}", "{}", template)


def _schema(kind: str, models: dict[str, Any]) -> dict[str, Any]:
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        return {"type": "array", "items": _schema(listed[1], models)}
    if mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        values = _schema(mapped[1], models)
        return {"type": "object", "additionalProperties": values} if values else {"type": "object"}
    if kind in PLAIN:
        return dict(PLAIN[kind])
    if kind not in models:
        models[kind] = {}  # a model may contain itself
        models[kind] = _model(kind, models)
    return {"$ref": f"#/models/{kind}"}


def _model(kind: str, models: dict[str, Any]) -> dict[str, Any]:
    cls = getattr(Sdk, kind)
    made = cls()
    properties = {
        made.attribute_map[name]: _member(cls, name, _schema(each, models))
        for name, each in made.swagger_types.items()
    }
    shape = {"type": "object", "properties": properties, "additionalProperties": False}
    if kind in REQUIRED:
        shape["required"] = list(REQUIRED[kind])
    return shape


def _member(cls: type, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Adds what the SDK's setter and its prose say in addition to the type."""
    member = inspect.getattr_static(cls, name)
    allowed = re.search(r"allowed_values = (\[[^\]]*\])", inspect.getsource(member.fset))
    if allowed and schema == PLAIN["str"]:
        schema["enum"] = json.loads(allowed[1])
    if GUID in (inspect.getdoc(member.fget) or "") and schema == PLAIN["str"]:
        schema["format"] = "uuid"
    return schema


def text(content: Mapping[str, Any]) -> str:
    """The file's text: one line for each operation and model, so that a change is one line."""
    lines = [f'{{\n"sdk": {json.dumps(content["sdk"])}']
    for part in ("operations", "models"):
        rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in content[part].items())
        lines.append(f'"{part}": {{\n{rows}\n}}')
    return ",\n".join(lines) + "\n}\n"


def main() -> None:
    SHAPES.write_text(text(extracted()), "utf-8")


if __name__ == "__main__":
    main()
