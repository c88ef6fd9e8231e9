"""cfn-lint, a judge that knows CloudFormation's own schemas and nothing of CDK, finds nothing."""

import json
import subprocess
import sys
from pathlib import Path

from tests.stacks.synthesised import Synthesised, Template

ROOT = Path(__file__).parents[2]
#: CDK writes DependsOn for a role although a reference already implies it
SAID_TWICE = "W3005"


def lint(*files: Path) -> list[str]:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "cfn-lint"),
            *("--format", "parseable", "--regions", "eu-central-1", "us-east-1"),
            *("--ignore-checks", SAID_TWICE, "--", *map(str, files)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def written(directory: Path, name: str, template: Template) -> Path:
    path = directory / f"{name}.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    return path


def test_it_finds_nothing_in_any_template(production: Synthesised, tmp_path: Path) -> None:
    templates = [written(tmp_path, *named) for named in production.templates.items()]

    assert lint(*templates, *(ROOT / "examples").glob("*.yaml")) == []


def test_it_finds_a_mistake(production: Synthesised, tmp_path: Path) -> None:
    template = json.loads(json.dumps(production.templates["staging"]))
    (table,) = (r for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::Table")
    table["Properties"]["KeySchema"][0]["KeyType"] = "PARTITION"

    found = lint(written(tmp_path, "wrong", template))

    assert any(":E3002:" in line for line in found), found
