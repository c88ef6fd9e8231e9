"""What a company requires of every stack in its accounts."""

import json
from pathlib import Path

import pytest

from stacks.configuration import ConfigurationError, load_environments
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import HASH, readable, resources

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"


def test_tags_boundary_and_qualifier_apply_to_everything_that_they_are_for(tmp_path: Path) -> None:
    made = synthesise(
        tmp_path,
        first=environment_text(
            'tags = { team = "contact-centre" }',
            f'permissions_boundary = "{BOUNDARY}"',
            'bootstrap_qualifier = "acme"',
        ),
    )
    template = made.templates["first"]

    for kind in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::Lambda::Function"):
        for name, resource in resources(template, kind).items():
            tags = resource["Properties"].get("Tags", [])
            assert {"Key": "team", "Value": "contact-centre"} in tags, name
    for name, role in resources(template, "AWS::IAM::Role").items():
        assert role["Properties"]["PermissionsBoundary"] == BOUNDARY, name
    assert "/cdk-bootstrap/acme/version" in json.dumps(template)
    assert "hnb659fds" not in json.dumps([template, made.manifest])


def test_an_existing_bus_and_vpc_stay_their_owners(tmp_path: Path) -> None:
    made = synthesise(
        tmp_path,
        first=environment_text(
            "partner_bus_exists = true",
            'vpc = { id = "vpc-0a1b2c3d", subnets = ["subnet-0a1b2c3d", "subnet-0c2d4e5f"] }',
        ),
    )
    template = made.templates["first"]
    source = "aws.partner/genesys.com/cloud/org/suffix"

    assert set(resources(template, "AWS::Events::EventBus")) == {"BusesRelay"}
    rule = resources(template, "AWS::Events::Rule")["BusesPartnerRule"]
    assert rule["Properties"]["EventBusName"] == source
    archive = resources(template, "AWS::Events::Archive")["BusesPartnerArchive"]["Properties"]
    assert str(readable(archive["SourceArn"])).endswith(f":event-bus/{source}")
    # The bus has events already, so its rule goes live when everything else is there.
    waits_for = {HASH.sub("", name) for name in rule["DependsOn"]}
    assert {"IntakeFunction", "DedupFunction", "WriteFunction", "BusesPartnerArchive"} <= waits_for
    assert template["Outputs"]["PartnerBusName"]["Value"] == source

    assert not resources(template, "AWS::EC2::VPC")
    assert not resources(template, "AWS::EC2::EIP")
    (group,) = resources(template, "AWS::EC2::SecurityGroup").values()
    assert group["Properties"]["VpcId"] == "vpc-0a1b2c3d"
    write = resources(template, "AWS::Lambda::Function")["WriteFunction"]["Properties"]
    assert write["VpcConfig"]["SubnetIds"] == ["subnet-0a1b2c3d", "subnet-0c2d4e5f"]
    assert made.report["pluginReports"] == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('tags = { "aws:team" = "x" }', "a table of texts"),
        ("tags = { team = 1 }", "a table of texts"),
        ('permissions_boundary = "boundary"', "the ARN of an IAM policy"),
        ('bootstrap_qualifier = "Too-Long-For-It"', "at most 10 lower-case letters"),
        ('vpc = { id = "vpc-0a1b2c3d", subnets = [] }', "a list of ids of private subnets"),
        ('vpc = { id = "x", subnets = ["subnet-0a1b2c3d"] }', "the id of a VPC"),
        (
            'fixed_egress = true\nvpc = { id = "vpc-0a1b2c3d", subnets = ["subnet-0a1b2c3d"] }',
            "use only one VPC",
        ),
        ('ledger_table = "a b"', "the name of a DynamoDB table"),
        ('personal_key_arn = "key"', "the ARN of a secret"),
    ],
)
def test_an_impossible_value_gives_one_sentence(tmp_path: Path, setting: str, words: str) -> None:
    path = tmp_path / "first.toml"
    path.write_text(environment_text(setting), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=words) as wrong:
        load_environments(str(path))
    assert str(wrong.value).count("expected") == 1
