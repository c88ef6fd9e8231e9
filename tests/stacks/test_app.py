"""The app as a program: two environments side by side, and no traceback for a bad one."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import aws_cdk
import pytest

import app
from stacks import quotas
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Synthesised, Template, readable, resources

PROJECT = Path(__file__).parent.parent.parent

OUTPUTS = {
    "Version",
    "PartnerBusName",
    "RelayBusName",
    "LedgerTableName",
    "VaultBucketName",
    "GenesysSecretName",
    "PersonalKeySecretName",
    "AlarmTopicArn",
    "AlarmDetailsTopicArn",
    "OperatorRoleArn",
    "OperatorPolicyArn",
    "DeployerPolicyArn",
    "Destinations",
    *(f"{queue}{dead}QueueUrl" for queue in ("Events", "Batches", "Writes", "Checks")
      for dead in ("", "Dead")),
    *(f"{verb}FunctionName"
      for verb in ("Intake", "Dedup", "Write", "Confirm", "Reconcile", "Alert")),
}  # fmt: skip

#: What fixes a resource's name in its account, by type
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Archive": "ArchiveName",
    "AWS::Events::EventBus": "Name",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SecretsManager::Secret": "Name",
}


def synth(*environments: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={
            **os.environ,
            "CDK_CONTEXT_JSON": json.dumps({"environment": ",".join(map(str, environments))}),
            "CDK_OUTDIR": str(out),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_bad_environment_gives_one_sentence_on_stderr(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(environment_text('removal = "keep"'), encoding="utf-8")

    done = synth(bad, out=tmp_path / "cdk.out")

    said = [line for line in done.stderr.splitlines() if "!!" not in line]  # jsii on old Node
    assert done.returncode == 1
    assert said == [f'{bad}: relay.removal is "keep"; expected "retain" or "destroy".']


def test_a_good_environment_becomes_a_template_and_one_asset(tmp_path: Path) -> None:
    good = tmp_path / "good.toml"
    good.write_text(environment_text(), encoding="utf-8")

    done = synth(good, out=tmp_path / "cdk.out")

    assert done.returncode == 0, done.stderr
    assert "eprecat" not in done.stdout + done.stderr
    assert (tmp_path / "cdk.out" / "genesys-relay-good.template.json").exists()
    (asset,) = (tmp_path / "cdk.out").glob("asset.*")
    assert json.loads((asset / "configuration.json").read_text())["routes"][0]["name"] == "all"
    # And the template that these tests judge is the one that is deployed.
    deployed = json.loads((tmp_path / "cdk.out" / "genesys-relay-good.template.json").read_text())
    (judged_in := tmp_path / "judged").mkdir()
    judged = synthesise(judged_in, good=environment_text()).templates["good"]
    assert without_code(judged) == without_code(deployed)


def test_a_stack_that_is_too_large_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quotas, "RESOURCES_MAX", 9)
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path / "cdk.out"))

    assert app.main() == 1

    (said,) = [line for line in capsys.readouterr().err.splitlines() if " has " in line]
    assert said.startswith("genesys-relay-example has ")
    assert said.endswith(" resources, but CloudFormation allows 9: configure less.")


def without_code(template: Template) -> dict[str, Any]:
    """The properties of every resource, except where the functions' code is."""
    return {
        name: {key: value for key, value in each.get("Properties", {}).items() if key != "Code"}
        for name, each in template["Resources"].items()
    }


def test_environments_of_one_synthesis_get_their_own_assets(tmp_path: Path) -> None:
    texts = {
        "arm": environment_text(source="aws.partner/genesys.com/cloud/org/arm"),
        "intel": environment_text(
            'architecture = "x86_64"',
            source="aws.partner/genesys.com/cloud/org/intel",
            rest=DESTINATIONS_AND_ROUTES.replace('"all"', '"some"'),
        ),
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "cdk.out"

    done = synth(*(tmp_path / f"{name}.toml" for name in texts), out=out)

    assert done.returncode == 0, done.stderr
    assert [route_and_processor(out, name) for name in texts] == [
        ("all", {"aarch64"}),
        ("some", {"x86_64"}),
    ]


def route_and_processor(out: Path, environment: str) -> tuple[str, set[str]]:
    """What an environment's template points at: its first route, the processors of its binaries."""
    template = json.loads((out / f"genesys-relay-{environment}.template.json").read_text())
    (key,) = {
        function["Properties"]["Code"]["S3Key"]
        for function in resources(template, "AWS::Lambda::Function").values()
    }
    asset = out / f"asset.{key.removesuffix('.zip')}"
    configuration = json.loads((asset / "configuration.json").read_text())
    return configuration["routes"][0]["name"], {
        path.name.split("-")[2] for path in asset.rglob("*.so")
    }


def names_of(template: Template) -> set[str]:
    """Every name a template fixes in its account."""
    return {
        readable(resource["Properties"][NAMES[resource["Type"]]])
        for resource in template["Resources"].values()
        if NAMES.get(resource["Type"]) in resource.get("Properties", {})
    }


def test_two_environments_in_one_account_share_no_name(production: Synthesised) -> None:
    names = [names_of(template) for template in production.templates.values()]
    by_stack = [
        {name.replace("<AWS::StackName>", environment) for name in found}
        for environment, found in zip(production.templates, names, strict=True)
    ]

    assert all(len(found) == 8 + 2 + 2 for found in by_stack)  # queues, buses, rules
    assert not by_stack[0] & by_stack[1]


def test_synthesis_asks_nothing_of_aws(production: Synthesised) -> None:
    """With account, region and a network: CDK would look up the names of availability zones."""
    assert "missing" not in production.manifest


def test_a_stacks_outputs_say_where_its_parts_are(production: Synthesised) -> None:
    assert set(production.templates["staging"]["Outputs"]) == OUTPUTS
    assert set(production.templates["production"]["Outputs"]) == OUTPUTS | {
        "EgressAddress",
        "WebhookUrl",
        "WebhookSecretName",
        "WebhookFunctionName",
        "AuditFunctionName",
    }


def test_every_flag_that_the_library_recommends_is_set_as_it_recommends() -> None:
    """Otherwise the command line reports at each synthesis how many are not."""
    (library,) = (Path(aws_cdk.__file__).parent / "_jsii").glob("aws-cdk-lib@*.tgz")
    with tarfile.open(library) as opened:
        listed = opened.extractfile("package/recommended-feature-flags.json")
        assert listed is not None
        recommended = json.load(listed)

    context = json.loads((PROJECT / "cdk.json").read_text("utf-8"))["context"]
    assert {name: context.get(name) for name in recommended} == recommended
