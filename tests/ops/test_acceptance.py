"""The acceptance run's own logic: what it deploys, what it counts, what it takes away, and how it
ends. A run on the embedded AWS shows that its steps do what they say (docs/acceptance.md)."""

import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws
from rich.console import Console

from demo.run.alarms import COMPRESSION, Sample, Source, definitions, is_ringing
from ops.acceptance import __main__ as acceptance
from ops.acceptance import alarms, leftovers
from ops.acceptance.account import Account, Failure
from ops.acceptance.environment import DROPPED, environment_file, toml
from ops.acceptance.steps import CLEAN_UP, STEPS, Step, deploy_with_retain
from stacks.configuration import load_environments
from tests.stacks.environments import DESTINATIONS_AND_ROUTES, environment_text
from tests.stacks.synthesis import synthesise
from tests.stacks.synthesised import Template, resources

ROOT = Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
GIVEN = {"region": REGION, "genesys_region": "eu-central-1", "tags": {"team": "x"}}
#: alarms on AWS's own metrics, which nobody else can write
MUTE = {"Backlog", "DeadLetters", "Undelivered"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of a stack with everything that an environment can ask for."""
    rest = DESTINATIONS_AND_ROUTES + '[webhook]\nverification = "signature"\n'
    text = environment_text('removal = "retain"', "fixed_egress = true", rest=rest)
    return synthesise(tmp_path_factory.mktemp("acceptance"), all=text).templates["all"]


class Nowhere:
    """Neither AWS nor the emulator: to deploy here is a mistake."""

    is_embedded = True

    def cdk(self, command: Sequence[str]) -> int:
        raise AssertionError(command)

    def webhook(self, url: str) -> str:
        return url


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr("ops.acceptance.account.POLL_EVERY_S", 0)
    monkeypatch.setattr(leftovers, "WAITING", {"Delay": 0, "MaxAttempts": 300})
    monkeypatch.setattr("ops.acceptance.witness.LONG_POLL_S", 0)
    monkeypatch.setattr(acceptance, "OUT", tmp_path)
    monkeypatch.setattr(acceptance, "RESULT_FILE", tmp_path / "acceptance.json")
    with mock_aws():
        yield Account(Nowhere(), GIVEN, tmp_path, "test-acceptance", "0a1b2c3d")


# What is deployed


def test_the_environment_is_the_landing_zones_with_its_own_buses_and_witness(
    tmp_path: Path,
) -> None:
    path = tmp_path / "test-acceptance.toml"
    inherited = {
        **GIVEN,
        "alarm_email": "on-call@example.com",
        "shadow": True,
        "removal": "destroy",
        "vpc": {"id": "vpc-0a1b2c3d", "subnets": ["subnet-0a1b2c3d"]},
    }
    witness = f"arn:aws:sqs:{REGION}:123456789012:witness"
    path.write_text(environment_file(inherited, source="a.b", witness_arn=witness, release="b"))

    (environment,) = load_environments(str(path))

    relay = environment.document.relay
    assert (relay.removal, relay.partner_event_source, relay.any_event_source) == (
        "retain", "a.b", True,
    )  # fmt: skip
    assert relay.tags == {"team": "x"}
    assert relay.vpc is not None
    assert not relay.model_fields_set & (DROPPED - {"linger_s"})
    (destination,) = environment.configuration.destinations.values()
    assert (destination.service, destination.path) == ("queue", witness)


@pytest.mark.parametrize(
    "value", [1, 0.5, True, 'a "b" \\ é', [], [1, "a"], {}, {"a b": {"c": [True, {"d": "e"}]}}]
)
def test_what_is_written_as_toml_is_read_as_it_was(value: Any) -> None:
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_stack_that_is_unprotected_after_its_deploy_is_a_failure(
    account: Account, monkeypatch: pytest.MonkeyPatch, is_protected: bool
) -> None:
    monkeypatch.setattr(Account, "require_deploy", lambda _self: None)
    described = {"EnableTerminationProtection": is_protected}
    monkeypatch.setattr(Account, "_described", lambda _self: described)

    with nullcontext() if is_protected else pytest.raises(Failure, match="not protected"):
        deploy_with_retain(account)


# What is counted


class Quiet:
    """A relay whose queues are empty."""

    def lines(self) -> list[Any]:
        return []


def effects(account: Account, *markers: str) -> None:
    account._relay = Quiet()  # type: ignore[assignment]
    for marker in markers:
        body = json.dumps({"data": {"id": marker, "marker": marker}, "release": "a"})
        account.client("sqs").send_message(QueueUrl=account.witness.mailbox.url, MessageBody=body)


def test_events_that_took_effect_once_are_fine(account: Account) -> None:
    markers = account.markers(12)
    effects(account, *markers)

    account.require_once(markers)

    assert account.witness.releases == {"a": 12}


def test_an_event_that_took_effect_twice_is_a_failure(account: Account) -> None:
    first, second = account.markers(2)
    effects(account, first, second, second)

    with pytest.raises(Failure, match=f"0 took no effect and 1 more than one .{second}"):
        account.require_once([first, second])


def test_an_event_without_effect_is_a_failure(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "until", lambda _self, holds: holds())
    first, second = account.markers(2)
    effects(account, first)

    with pytest.raises(Failure, match=f"1 took no effect and 0 more than one .{second}"):
        account.require_once([first, second])


# What is taken away


def test_everything_that_a_stack_keeps_is_of_a_kind_that_the_run_removes(
    template: Template,
) -> None:
    kept = {
        resource["Type"]
        for resource in template["Resources"].values()
        if str(resource.get("DeletionPolicy", "")).startswith("Retain")
    }

    assert kept == set(leftovers.KINDS)
    assert set(leftovers.KEPT) < kept


def test_what_was_kept_is_found_and_removed_whatever_is_in_it(account: Account) -> None:
    made = account.made = set(_one_of_each(account))
    assert set(leftovers.standing(account)) == made

    assert leftovers.remove(account) == len(made)

    assert leftovers.standing(account) == []


def _one_of_each(account: Account) -> Iterator[tuple[str, str]]:
    bus: Any = account.client("events").create_event_bus(Name="bus")["EventBusArn"]
    yield "AWS::Events::EventBus", "bus"
    account.client("events").create_archive(ArchiveName="archive", EventSourceArn=bus)
    yield "AWS::Events::Archive", "archive"
    yield "AWS::SQS::Queue", account.client("sqs").create_queue(QueueName="queue")["QueueUrl"]
    account.client("dynamodb").create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST", DeletionProtectionEnabled=True,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )  # fmt: skip
    yield "AWS::DynamoDB::Table", "table"
    s3 = account.client("s3")
    s3.create_bucket(Bucket="vault", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="vault", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"first", b"second"):
        s3.put_object(Bucket="vault", Key="review/a.json", Body=body)
    s3.delete_object(Bucket="vault", Key="review/a.json")
    yield "AWS::S3::Bucket", "vault"
    secret = account.client("secretsmanager").create_secret(Name="secret", SecretString="{}")
    yield "AWS::SecretsManager::Secret", secret["ARN"]
    account.client("logs").create_log_group(logGroupName="logs")
    yield "AWS::Logs::LogGroup", "logs"
    address = account.client("ec2").allocate_address(Domain="vpc")["PublicIp"]
    yield "AWS::EC2::EIP", address


# Which alarms ring


def test_what_the_run_writes_rings_each_alarm_that_has_a_metric_of_ours(
    template: Template,
) -> None:
    """Judged by the rehearsed evaluation of the template's definitions."""
    now = 1_000_000.0
    said = {one.name: one for one in definitions(template)}
    rung = set()
    for logical_id, resource in resources(template, "AWS::CloudWatch::Alarm").items():
        samples = [
            Sample(
                Source(bad.metric["MetricName"], _service(bad.metric["Dimensions"])),
                now - 0.01 - bad.ago_s / COMPRESSION,
                bad.value,
            )
            for bad in alarms.bad_periods(resource["Properties"])
        ]
        if is_ringing(said[logical_id.removeprefix("Monitoring")], samples, now):
            rung.add(logical_id.removeprefix("Monitoring"))

    assert rung == set(said) - MUTE


def _service(dimensions: Any) -> str:
    return next(str(row["Value"]) for row in dimensions if row["Name"] == "service")


# How it ends


def outcomes(account: Account) -> dict[str, str]:
    rows = json.loads((account.directory / "acceptance.json").read_text())["steps"]
    return {row["step"]: row["result"] for row in rows}


@pytest.fixture
def console() -> Console:
    return Console(quiet=True)


def run(monkeypatch: pytest.MonkeyPatch, console: Console, *steps: Step) -> int:
    monkeypatch.setattr(acceptance, "STEPS", steps)
    monkeypatch.setattr(acceptance, "CLEAN_UP", Step("cleaned up", lambda _account: "all"))
    return acceptance.run(Nowhere(), GIVEN, "test", console)


def fails(_account: Account) -> None:
    raise Failure("It did not.")


def test_a_step_that_fails_is_in_the_table_and_the_others_are_taken(
    account: Account, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Step("one", fails), Step("two", lambda _account: None)

    assert run(monkeypatch, console, *steps) == 1
    assert outcomes(account) == {"one": "failed", "two": "ok", "cleaned up": "ok"}


def test_without_its_base_no_step_is_taken_and_what_was_made_is_removed(
    account: Account, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Step("deploy", fails, is_base=True), Step("two", lambda _account: None)

    assert run(monkeypatch, console, *steps) == 1
    assert outcomes(account) == {"deploy": "failed", "cleaned up": "ok"}


def test_an_interrupted_run_is_cleaned_up_all_the_same(
    account: Account, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_account: Account) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(monkeypatch, console, Step("one", interrupted))
    assert outcomes(account) == {"cleaned up": "ok"}


def test_what_the_embedded_aws_cannot_do_is_skipped_by_name_with_the_reason(
    account: Account, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = Step("one", fails, lacking="it cannot"), Step("two", fails, never="nobody can")

    assert run(monkeypatch, console, *steps) == 0
    rows = json.loads((account.directory / "acceptance.json").read_text())["steps"]
    assert [row["says"] for row in rows[:2]] == ["the embedded AWS cannot: it cannot", "nobody can"]
    assert [step.name for step in STEPS if step.lacking or step.never] == [
        "a first deploy fails, as with a mistyped source",
        "events of Genesys Cloud itself, and writes to it",
        "every alarm rings by its metrics, and ends",
        "deployed over what was kept",
    ]


def test_nothing_is_done_in_an_account_without_a_yes(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(acceptance, "run", lambda *_: pytest.fail("it began"))

    assert acceptance.main(["example"]) == 2

    said = capsys.readouterr()
    assert "genesys-relay-example-acceptance" in said.out
    assert "USD" in said.out
    assert "ARGS=--yes" in said.out
    assert said.err == "Nothing was done.\n"


# What its page says


def test_the_page_has_every_step_in_its_order_and_says_which_were_skipped() -> None:
    page = (ROOT / "docs/acceptance.md").read_text("utf-8")
    about, _, last = page.partition("Last result on the embedded AWS")
    steps = [*STEPS, CLEAN_UP]

    for part in (about, last):
        rows = [line for line in part.splitlines() if line.startswith("| ")]
        named = [row.split(" | ")[0].removeprefix("| ") for row in rows]
        assert named[1:] == [step.name for step in steps]
    results = [row.split(" | ")[1] for row in rows[1:]]
    skipped = [step.name for step in steps if step.lacking or step.never]
    assert skipped == [
        step.name
        for step, result in zip(steps, results, strict=True)
        if result.startswith("skipped: ")
    ]
    assert "**No run on AWS has been made yet.**" in last


def test_the_alarms_that_it_names_are_those_that_it_cannot_ring() -> None:
    page = (ROOT / "docs/acceptance.md").read_text("utf-8")

    (row,) = [line for line in page.splitlines() if "the relay's own metrics" in line]
    assert {name for name in MUTE if f"`{name}`" in row} == MUTE
