"""docs/identity.md's table, from the models of Genesys' official SDK.

    python -m tests.simulator.identity_table     rewrites it

The SDK (PureCloudPlatformClientV2, for tests only) describes the body of every notification as a
model whose name begins with its topic's. It does not name the topics' own strings. The rule beside
each is what the relay itself decides for a body made after the model.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import PureCloudPlatformClientV2 as Sdk

from lambdas.relay.entrances.identities import BY_NATURE

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
#: the one topic whose name decides: the SDK's name for it, and EventBridge's
AUDITS = {"Audit": "v2.audits.entitytype.{id}.entityid.{id}"}
MOMENT_MS = 1_767_949_200_000
_TOPIC = re.compile(r"([A-Z]\w*?)Topic([A-Z]\w+)")
_TIMES = re.compile(r"(date|time|timestamp|timems)$|^(date|time)[A-Z]", re.IGNORECASE)

Models = Mapping[str, Any]


def bodies(sdk: Any) -> dict[str, Any]:
    """The models that are whole bodies, by name: no other model contains them, and no endpoint
    takes or returns them."""
    models: dict[str, Any] = {
        name: made()
        for name, made in vars(sdk).items()
        if isinstance(made, type) and hasattr(made, "__init__") and _TOPIC.fullmatch(name)
    }
    parts = {part for name, model in models.items() for part in _parts(model) if part != name}
    served = _served(sdk, models)
    return {
        name: model
        for name, model in sorted(models.items())
        if name not in parts and name not in served and not name.endswith("TopicObject")
    }


def _parts(model: Any) -> set[str]:
    return {word for kind in model.swagger_types.values() for word in re.findall(r"\w+", kind)}


def _served(sdk: Any, models: Models) -> set[str]:
    """Models that the API's endpoints name."""
    folder = Path(sdk.__file__).parent / "apis"
    named = {w for p in folder.glob("*.py") for w in re.findall(r"\w+", p.read_text("utf-8"))}
    return {name for name in models if name in named}


def sample(model: Any) -> dict[str, Any]:
    """A body after a model: what its types say, flat."""
    values = {
        "str": "text",
        "int": 1_767_949_200_000,
        "bool": True,
        "datetime": "2026-01-09T09:00:00Z",
    }
    return {
        name: values.get(model.swagger_types[attribute], {})
        for attribute, name in model.attribute_map.items()
    }


def rule_of(name: str, model: Any) -> str:
    topic = _TOPIC.fullmatch(name)
    assert topic is not None
    return BY_NATURE.of(AUDITS.get(topic[1], topic[1]), sample(model))


def times_of(model: Any) -> list[str]:
    """Members of a body that look like times."""
    return [name for name in model.attribute_map.values() if _TIMES.search(name)]


def rows(models: Models) -> Iterator[str]:
    for name, model in models.items():
        times = ", ".join(f"`{time}`" for time in times_of(model)) or "none"
        yield f"| {name.replace('Topic', ' · ', 1)} | {times} | {rule_of(name, model)} |\n"


def table(models: Models) -> str:
    return "".join(
        ["| topic · body | times in it | known by |\n", "|---|---|---|\n", *rows(models)]
    )


def page(text: str, lines: Iterable[str]) -> str:
    """The page with this table in it."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + "".join(lines) + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8"), table(bodies(Sdk))), "utf-8")
