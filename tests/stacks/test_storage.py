"""The ledger, the vault and the credentials keep what they promise to keep."""

import json
from pathlib import Path

import pytest

from stacks.vault import SEALED_DAYS
from tests.stacks.environments import environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import HASH, Synthesised, Template, only, readable, resources


@pytest.fixture
def template(production: Synthesised) -> Template:
    return production.templates["production"]


def test_the_ledger_is_restorable_and_forgets_only_by_ttl(template: Template) -> None:
    table = only(template, "AWS::DynamoDB::Table")

    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["TimeToLiveSpecification"] == {
        "AttributeName": "expires_at",
        "Enabled": True,
    }
    recovery = properties["PointInTimeRecoverySpecification"]
    assert recovery["PointInTimeRecoveryEnabled"] is True
    assert properties["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    # The index is queried for what is due before a moment: as texts, 9 would come after 1000.
    types = {
        each["AttributeName"]: each["AttributeType"] for each in properties["AttributeDefinitions"]
    }
    assert types == {"pk": "S", "sk": "S", "attention": "S", "due_at": "N"}


def test_a_restored_table_replaces_the_ledger_which_stays(tmp_path: Path) -> None:
    text = environment_text('ledger_table = "restored"')
    made = synthesise(tmp_path, first=text).templates["first"]

    for function in resources(made, "AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables.get("LEDGER_TABLE", "restored") == "restored"
    assert readable(made["Outputs"]["LedgerTableName"]["Value"]) == "restored"
    assert "<LedgerTable>" not in json.dumps(
        [readable(policy) for policy in resources(made, "AWS::IAM::Policy").values()]
    )
    assert only(made, "AWS::DynamoDB::Table")["DeletionPolicy"] == "Retain"


PERSONAL_KEY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:of-before-0a1b2c"


def test_the_key_for_personal_names_is_kept_like_the_ledger(template: Template) -> None:
    secret = resources(template, "AWS::SecretsManager::Secret")["PersonalKeySecret"]

    assert secret["DeletionPolicy"] == "RetainExceptOnCreate"
    assert secret["UpdateReplacePolicy"] == "Retain"
    assert secret["Properties"]["GenerateSecretString"] == {
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }


def test_the_key_of_the_stack_that_wrote_the_ledger_can_be_adopted(tmp_path: Path) -> None:
    text = environment_text(f'personal_key_arn = "{PERSONAL_KEY}"')
    made = synthesise(tmp_path, first=text).templates["first"]

    told = [
        function["Properties"]["Environment"]["Variables"].get("PERSONAL_KEY_ID")
        for function in resources(made, "AWS::Lambda::Function").values()
    ]
    assert set(told) == {None, PERSONAL_KEY}
    assert readable(made["Outputs"]["PersonalKeySecretName"]["Value"]) == PERSONAL_KEY
    policies = json.dumps(
        [
            readable(policy)
            for kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
            for policy in resources(made, kind).values()
        ]
    )
    assert policies.count(PERSONAL_KEY) == 2  # intake's, and the operator's
    assert "<PersonalKeySecret>" not in policies


def test_the_index_holds_what_a_sweep_needs_and_no_more(template: Template) -> None:
    (index,) = only(template, "AWS::DynamoDB::Table")["Properties"]["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "attention"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["attention", "due_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_a_disposable_environment_leaves_nothing_behind(production: Synthesised) -> None:
    staging = production.templates["staging"]

    policies = {resource.get("DeletionPolicy") for resource in staging["Resources"].values()}
    assert policies <= {None, "Delete"}
    assert only(staging, "AWS::DynamoDB::Table")["Properties"]["DeletionProtectionEnabled"] is False


def test_a_first_deploy_that_fails_leaves_nothing_behind_but_an_empty_table(
    template: Template,
) -> None:
    """A table that is protected from deletion could not be deleted, and the rollback would fail."""
    kept = {
        name: resource["DeletionPolicy"]
        for name, resource in template["Resources"].items()
        if resource.get("DeletionPolicy") not in (None, "Delete", "RetainExceptOnCreate")
    }

    assert [HASH.sub("", name) for name in kept] == ["LedgerTable"]


def test_a_retained_environment_is_protected_from_deletion(production: Synthesised) -> None:
    artifacts = production.manifest["artifacts"]

    assert artifacts["genesys-relay-production"]["properties"]["terminationProtection"] is True
    assert not artifacts["genesys-relay-staging"]["properties"].get("terminationProtection")


def test_it_is_not_protected_before_it_is_deployed(tmp_path: Path) -> None:
    """A first deploy that failed could otherwise not be cleared away and repeated."""
    first = synthesise(tmp_path, protected=False, first=environment_text('removal = "retain"'))

    properties = first.manifest["artifacts"]["genesys-relay-first"]["properties"]
    assert not properties.get("terminationProtection")


def test_the_vault_is_private_encrypted_and_versioned(template: Template) -> None:
    bucket = only(template, "AWS::S3::Bucket")

    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    properties = bucket["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    policy = readable(only(template, "AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"])
    refusals = [s["Condition"] for s in policy["Statement"] if s["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in refusals


def test_what_waits_for_a_person_never_expires_and_what_was_removed_does(
    template: Template,
) -> None:
    rules = only(template, "AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]

    expiring = {r["Prefix"]: r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r}
    assert expiring == {"sealed/": SEALED_DAYS, "discarded/": 365, "erasures/": 1095}
    assert SEALED_DAYS == 35
    removed = {
        rule.get("Prefix", ""): rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in rules
        if "NoncurrentVersionExpiration" in rule
    }
    assert removed == {"sealed/": 1, "": 35}
    aborting = [
        r["AbortIncompleteMultipartUpload"] for r in rules if "AbortIncompleteMultipartUpload" in r
    ]
    assert aborting == [{"DaysAfterInitiation": 1}]


def test_if_configured_what_nobody_decided_expires_too(tmp_path: Path) -> None:
    text = environment_text("undecided_days = 90")
    made = synthesise(tmp_path, first=text).templates["first"]
    rules = only(made, "AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]

    assert {r["Prefix"]: r["ExpirationInDays"] for r in rules if "ExpirationInDays" in r} == {
        "sealed/": SEALED_DAYS,
        "discarded/": 365,
        "erasures/": 1095,
        "quarantine/": 90,
        "review/": 90,
    }


def test_the_secret_begins_as_something_that_nobody_knows(template: Template) -> None:
    secret = resources(template, "AWS::SecretsManager::Secret")["CredentialsSecret"]

    assert secret["DeletionPolicy"] == "RetainExceptOnCreate"
    generated = secret["Properties"]["GenerateSecretString"]
    assert "SecretString" not in secret["Properties"]
    assert generated["GenerateStringKey"] == "client_secret"
    assert set(json.loads(generated["SecretStringTemplate"])) == {"client_id"}
