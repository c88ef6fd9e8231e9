"""The example of a pipeline: what it runs exists, and it holds no secret."""

import re
from pathlib import Path

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
PIPELINE = ROOT / "examples" / "pipeline" / "deploy.yml"


def test_its_commands_are_those_of_this_project_in_their_order() -> None:
    jobs = yaml.safe_load(PIPELINE.read_text("utf-8"))["jobs"]
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.M))

    runs = {
        name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()
    }
    made = {name: re.findall(r"make ([a-z]+)", "\n".join(lines)) for name, lines in runs.items()}
    assert made == {
        "diff": ["check", "synth", "diff"],
        "deploy": ["deploy"],
        "acceptance": ["acceptance"],
    }
    assert {target for named in made.values() for target in named} <= targets
    assert "--yes" in runs["acceptance"][0]
    assert jobs["acceptance"]["if"] == "github.event_name == 'workflow_dispatch'"
    assert any("bin/relay" in line for line in runs["deploy"])
    assert jobs["deploy"]["needs"] == "diff"
    assert jobs["deploy"]["environment"] == "production"


def test_it_signs_in_by_oidc_and_holds_no_key() -> None:
    text = PIPELINE.read_text("utf-8")

    assert yaml.safe_load(text)["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in text
    assert not re.search(r"AKIA|aws-secret-access-key", text)


def test_whatever_runs_with_the_deployers_rights_is_pinned_to_its_commit() -> None:
    used = re.findall(r"uses: (\S+)", PIPELINE.read_text("utf-8"))

    assert len(used) >= 8
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []
