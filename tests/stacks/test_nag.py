"""cdk-nag's AwsSolutions rules find nothing but what is accepted with a reason, and they look."""

from pathlib import Path

import pytest

from stacks import credentials
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised


def test_the_rules_find_nothing(production: Synthesised) -> None:
    assert production.report["pluginReports"] == []


def test_the_rules_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one exception taken back exactly its finding comes up, so every rule was applied."""
    monkeypatch.setattr(credentials, "acknowledge", lambda *_finding: None)

    report = synthesise(tmp_path, strict=environment_text()).report

    (plugin,) = report["pluginReports"]
    assert plugin["pluginName"] == "AwsSolutions"
    assert [violation["ruleName"] for violation in plugin["violations"]] == ["AwsSolutions-SMG4"]
