"""The functions as Lambda runs them: the stack's variables and roles, AWS by moto, Genesys by a
socket."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from emulator.process import REGION
from lambdas import wiring
from stacks.schema.parsing import parse
from stacks.schema.resolving import resolve
from tests.handlers.deployment import VERBS, Context, Deployment, handler_of
from tests.handlers.genesys import Genesys, serving_genesys
from tests.moto_partiql import teach_inserts
from tests.moto_redrives import teach_redrives
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Template
from tests.unit.batches import NOW_MS
from tests.unit.simulated import JOURNEY_ITEM

#: placeholder in the template for the address of a test's Genesys
GENESYS_URL = "http://127.0.0.1:1"

CONFIGURATION = {
    "destinations": {
        "journey": {
            "kind": "journey-external-events",
            "configuration_id": "c1",
            "max_items": 2,
            "item": JOURNEY_ITEM,
        }
    },
    "routes": [{"name": "all", "destination": "journey"}],
}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    text = environment_text(
        'removal = "destroy"',
        genesys=f'api_url = "{GENESYS_URL}"\nlogin_url = "{GENESYS_URL}"',
        rest=DESTINATIONS_AND_ROUTES + "[audit]\n[webhook]\nanswers_copies = true\n",
    )
    return synthesise(tmp_path_factory.mktemp("handlers"), handlers=text).templates["handlers"]


@pytest.fixture
def genesys() -> Iterator[Genesys]:
    with serving_genesys() as running:
        yield running


class Clock:
    """The time of the recorded envelopes; nobody waits in a test."""

    def __init__(self) -> None:
        self._now_ms = NOW_MS

    def now_ms(self) -> int:
        return self._now_ms

    def sleep(self, seconds: float) -> None:
        self._now_ms += int(seconds * 1000)


class Functions:
    """Invokes functions, each in a sandbox of its own."""

    def __init__(self, deployment: Deployment, genesys: Genesys, patch: pytest.MonkeyPatch) -> None:
        self.deployment = deployment
        self._genesys = genesys
        self._patch = patch
        self._given: list[str] = []

    def environment(self, verb: str) -> dict[str, str]:
        return {
            name: value.replace(GENESYS_URL, self._genesys.url)
            for name, value in self.deployment.variables(verb).items()
        }

    def cold_start(self, verb: str, *, without: str = "") -> None:
        """Forgets what an earlier sandbox kept and sets the function's variables."""
        forget()
        for name in self._given:
            self._patch.delenv(name, raising=False)
        environment = self.environment(verb)
        environment.pop(without, None)
        self._given = list(environment)
        for name, value in environment.items():
            self._patch.setenv(name, value)

    def invoke(self, verb: str, event: Mapping[str, Any]) -> dict[str, Any]:
        self.cold_start(verb)
        with self.deployment.roles.acting_as(verb):
            return handler_of(verb)(event, Context())

    def consume(self, verb: str, queue: str) -> list[str]:
        """Invokes a function with everything in its queue; returns the bodies that stay."""
        event = self.deployment.event(queue)
        answer = self.invoke(verb, event)
        assert list(answer) == ["batchItemFailures"]
        failed = {row["itemIdentifier"] for row in answer["batchItemFailures"]}
        assert failed <= {record["messageId"] for record in event["Records"]}
        return [r["body"] for r in event["Records"] if r["messageId"] in failed]


def forget() -> None:
    verbs = (*VERBS, "webhook", "alert")
    for name in ("lambdas.wiring", *(f"lambdas.{verb}" for verb in verbs)):
        for kept in vars(sys.modules.get(name, wiring)).values():
            if hasattr(kept, "cache_clear"):
                kept.cache_clear()
    for verb in verbs:  # Powertools' logger keeps the first standard output that it saw
        logging.Logger.manager.loggerDict.pop(verb, None)


@pytest.fixture
def functions(
    template: Template, genesys: Genesys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Functions]:
    with deployed(template, CONFIGURATION, genesys, monkeypatch, tmp_path) as functions:
        yield functions


@contextmanager
def deployed(
    template: Template,
    configuration: Mapping[str, Any],
    genesys: Genesys,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Functions]:
    """The functions of a template, with this configuration."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "configuration.json").write_text(json.dumps(resolve(parse(configuration))))
    monkeypatch.setattr(wiring, "ROOT", tmp_path)
    monkeypatch.setattr(wiring, "CLOCK", Clock())
    teach_inserts(monkeypatch)
    teach_redrives(monkeypatch)
    with mock_aws():
        yield Functions(Deployment(template), genesys, monkeypatch)
    forget()
