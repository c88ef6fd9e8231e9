"""A deployer may assume the roles in CDK's manifest and make the calls of `make deploy`; no
more."""

import json
import re
from pathlib import Path

import pytest

from ops import deployer_policy
from tests.ops.test_operator import OPS, calls_in
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import as_list, readable, resources

FILE = environment_text(
    'account = "123456789012"', 'region = "eu-central-1"', 'bootstrap_qualifier = "acme"'
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "production.toml").write_text(FILE, "utf-8")
    return str(tmp_path / "production.toml")


def printed(path: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    assert deployer_policy.main([path]) == 0
    rows = json.loads(capsys.readouterr().out)["Statement"]
    return {action: row["Resource"] for row in rows for action in row["Action"]}


def test_the_roles_are_those_that_cdk_assumes(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = json.dumps(synthesise(tmp_path / "", production=FILE).manifest)
    manifest += (tmp_path / "cdk.out" / "genesys-relay-production.assets.json").read_text("utf-8")
    assumed = {
        arn.replace("${AWS::Partition}", "aws")
        for arn in re.findall(r'"(?:assumeRoleArn|arn)": "(arn:[^"]*:role/[^"]*)"', manifest)
    }

    assert set(printed(path, capsys)["sts:AssumeRole"]) == assumed


def test_it_permits_the_calls_of_the_deployment_and_no_more(
    path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Anybody may ask for their own identity.
    asked = calls_in(OPS / "deploy.py") - {"sts:GetCallerIdentity"}

    assert set(printed(path, capsys)) - {"sts:AssumeRole"} == asked


def test_the_stack_has_the_same_policy(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = synthesise(tmp_path, production=FILE).templates["production"]
    policy = resources(template, "AWS::IAM::ManagedPolicy")["DeployerPolicy"]["Properties"]
    rows = as_list(readable(policy["PolicyDocument"])["Statement"])

    assert printed(path, capsys) == {
        row["Action"]: as_list(row["Resource"]) for row in rows if row["Effect"] == "Allow"
    }
    assert not {"Roles", "Users", "Groups"} & set(policy), "nobody has it until it is attached"
    assert readable(template["Outputs"]["DeployerPolicyArn"]["Value"]) == "<DeployerPolicy>"


def test_an_unknown_environment_gives_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert deployer_policy.main(["nobody"]) == 1
    assert "there is no such file" in capsys.readouterr().err
