"""cdk-nag's AwsSolutions rules are applied, and find only what is accepted with a reason."""

from pathlib import Path

import pytest

from stacks import credentials
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised


def test_the_rules_find_nothing(production: Synthesised) -> None:
    assert production.report["pluginReports"] == []


def test_the_rules_are_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one exception removed, exactly its finding appears, so every rule was applied."""
    monkeypatch.setattr(credentials, "acknowledge", lambda *_finding: None)

    report = synthesise(tmp_path, strict=environment_text()).report

    (plugin,) = report["pluginReports"]
    assert plugin["pluginName"] == "AwsSolutions"
    assert [violation["ruleName"] for violation in plugin["violations"]] == ["AwsSolutions-SMG4"]
