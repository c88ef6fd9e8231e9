"""An environment's configuration: one TOML file, read and validated before anything is built.

`environments/example.toml` explains every key. A wrong or missing value raises one
`ConfigurationError`, whose sentence names the file, the key, the value and what is expected.
"""

import json
import math
import os
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any

from lambdas.relay.kernel.limits import JSON_DEPTH_MAX
from lambdas.relay.routes.configuration import Configuration
from stacks.environment_document import Document, Relay
from stacks.schema.parsing import configuration_of
from stacks.schema.resolving import resolve
from stacks.tables import place_of, validated

ENVIRONMENTS = Path(__file__).resolve().parent.parent / "environments"

#: The name becomes part of the stack's and the queues' names: SQS allows those 80 characters.
ENVIRONMENT_NAME = re.compile(r"[a-z](-?[a-z0-9]){0,29}")

#: toml.io/en/v1.0.0#integer
WHOLE_NUMBER_MAX = 2**63 - 1


class ConfigurationError(Exception):
    """The configuration cannot be used; the message is one sentence for the person who wrote it."""

    def __init__(self, sentence: str) -> None:
        # Quoted names and values may contain line breaks.
        one_line = " ".join(sentence.splitlines())
        super().__init__(one_line if one_line.endswith(".") else f"{one_line}.")


@dataclass(frozen=True, slots=True)
class Environment:
    """One validated environment: where it was read from, its name, and its contents."""

    path: Path
    name: str
    document: Document

    @property
    def configuration(self) -> Configuration:
        """The configuration that the functions use. Raises ValueError with one sentence."""
        document = self.document
        return configuration_of(
            document,
            partner_source=document.relay.partner_event_source,
            sender_types=document.webhook.types if document.webhook is not None else {},
            in_shadow=document.relay.shadow,
            has_lanes=document.relay.lanes,
        )

    @property
    def functions_document(self) -> str:
        """The JSON document that is bundled with the functions, which load it."""
        return json.dumps(resolve(self.configuration), indent=2, ensure_ascii=False) + "\n"


def load_environments(references: str) -> tuple[Environment, ...]:
    """Read the environments named in `references`: names or paths, separated by commas.

    Raises ConfigurationError.
    """
    if not references.strip(" ,"):
        raise ConfigurationError(
            "no environment is chosen: use -c environment=<name>, with the name of a file in "
            "environments/ or the path of a .toml file."
        )
    is_one = Path(references).is_file()  # its folders may have commas in their names
    parts = [references] if is_one else references.split(",")
    loaded = tuple(_load(reference.strip()) for reference in parts if reference)
    _require_distinct(loaded)
    return loaded


def choice(path: Path) -> str:
    """The context that chooses a file, for CDK run in the project's folder. Its command line cuts
    at an equals sign, which a folder above may have in its name."""
    return f"environment={os.path.relpath(path, ENVIRONMENTS.parent)}"


def _load(reference: str) -> Environment:
    path = Path(reference) if reference.endswith(".toml") else ENVIRONMENTS / f"{reference}.toml"
    raw = _read(path)
    if not ENVIRONMENT_NAME.fullmatch(path.stem):
        raise ConfigurationError(
            f"{_shown(path)}: the file's name is the environment's name, and "
            f"{json.dumps(path.stem)} is not allowed; expected at most 30 lower-case letters, "
            "digits and single hyphens."
        )
    try:
        environment = Environment(path, path.stem, validated(Document, raw))
        # What each kind accepts, and how the parts fit together.
        _require_in_reach(environment.document.relay, environment.configuration)
    except ValueError as error:
        raise ConfigurationError(f"{_shown(path)}: {error}") from None
    return environment


def _require_in_reach(relay: Relay, configuration: Configuration) -> None:
    """A delivery stream must be in the stack's own region and account. Raises ValueError."""
    for name, destination in configuration.destinations.items():
        if destination.path.startswith("arn:"):
            region, account = destination.path.split(":")[3:5]
            is_stream = destination.service == "firehose"
            for what, there, here in (
                ("region", region, relay.region),
                ("account", account, relay.account if is_stream else None),
            ):
                if here is not None and there != here:
                    raise ValueError(
                        f"destinations.{name}.arn is of {what} {there}, and relay.{what} is "
                        f"{here}; expected one that the stack can write to."
                    )


def _read(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows start a file with a byte order mark.
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        known = ", ".join(sorted(other.stem for other in ENVIRONMENTS.glob("*.toml")))
        raise ConfigurationError(
            f"{_shown(path)}: there is no such file; environments/ contains: {known}."
        ) from None
    except RecursionError:
        raise ConfigurationError(
            f"{_shown(path)}: cannot be read as TOML: its lists or tables are nested too deeply; "
            f"expected at most {JSON_DEPTH_MAX} levels."
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{_shown(path)}: cannot be read as TOML: {error}.") from None
    for complaint in _foreign_to_json(raw):
        raise ConfigurationError(f"{_shown(path)}: {complaint}")
    return raw


def _foreign_to_json(raw: dict[str, Any]) -> Iterator[str]:
    """A sentence for each value that TOML allows but JSON, which the functions read, does not."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), raw)]
    while waiting:
        location, value = waiting.pop()
        key = place_of(location)
        match value:
            case dict() | list() if len(location) > JSON_DEPTH_MAX:
                yield (
                    f"{place_of(location[:3])} is nested more than {JSON_DEPTH_MAX} levels deep; "
                    "expected fewer levels of lists and tables."
                )
            case dict():
                waiting.extend(((*location, name), inner) for name, inner in value.items())
            case list():
                waiting.extend(((*location, place), inner) for place, inner in enumerate(value))
            case float() if not math.isfinite(value):
                yield f"{key} is {value}; expected a finite number."
            case int() if abs(value) > WHOLE_NUMBER_MAX:
                yield (f"{key} exceeds the 64 bits of a TOML integer; expected a smaller number.")
            case date() | time():
                yield f"{key} is {value}, a date or time; expected a string in quotes."


def _require_distinct(environments: Sequence[Environment]) -> None:
    """Environments selected together must differ in name and partner source. Other files in the
    folder, such as copies, do not matter here; `make deploy` asks AWS which stack uses a source.
    """
    for place, environment in enumerate(environments):
        together = environments[:place]
        if environment.name in (other.name for other in together):
            raise ConfigurationError(
                f"{_shown(environment.path)}: another chosen environment is also called "
                f"{json.dumps(environment.name)}; expected different names."
            )
        source = environment.document.relay.partner_event_source
        for other in together:
            if other.document.relay.partner_event_source == source:
                raise ConfigurationError(
                    f"{_shown(environment.path)}: relay.partner_event_source is "
                    f"{json.dumps(source)}, as in {_shown(other.path)}; expected different "
                    "sources, because AWS associates a partner event source with only one bus."
                )


def _shown(path: Path) -> str:
    """The path as a person would write it: relative to the project if it is inside."""
    project = ENVIRONMENTS.parent
    return str(path.relative_to(project)) if path.is_relative_to(project) else str(path)
