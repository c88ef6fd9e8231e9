"""What is bound to fail is reported before anything is changed; a first deploy that fails can be
repeated."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import deploy
from tests.stacks.environments import environment_text

SOURCE = "aws.partner/genesys.com/cloud/org/suffix"
ACCOUNT = "123456789012"


class Account:
    """An AWS account: what its services answer, or the code of the error they answer with."""

    def __init__(self, **answers: str) -> None:
        self.answers = {"stack": "ValidationError", "source": "PENDING", "owner": "ValidationError"}
        self.answers |= answers
        self.region_name = "eu-central-1"

    def client(self, _service: str) -> Any:
        return self

    def get_caller_identity(self) -> Any:
        return {"Account": ACCOUNT}

    def describe_stacks(self, **_named: str) -> Any:
        outputs = [{"OutputKey": "WritesLastQueueUrl", "OutputValue": "https://last"}]
        shown = outputs if "left" in self.answers else []
        return {"Stacks": [{"StackStatus": self._answer("stack"), "Outputs": shown}]}

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: Any) -> Any:
        assert QueueUrl == "https://last"
        return {"Attributes": {"ApproximateNumberOfMessages": self._answer("left"), "Other": "9"}}

    def describe_event_source(self, **_named: str) -> Any:
        return {"State": self._answer("source")}

    def describe_stack_resources(self, **_named: str) -> Any:
        return {"StackResources": [{"StackName": self._answer("owner")}]}

    def _answer(self, question: str) -> str:
        answer = self.answers[question]
        if answer.endswith(("Error", "Exception", "Denied")):
            raise ClientError({"Error": {"Code": answer, "Message": "no"}}, question)
        return answer


class CommandLine:
    """CDK's: remembers its calls, and fails from the given call on."""

    def __init__(self, fails_from: int = 99) -> None:
        self.calls: list[list[str]] = []
        self._fails_from = fails_from

    def __call__(self, command: Sequence[str]) -> int:
        self.calls.append(list(command))
        return 1 if len(self.calls) >= self._fails_from else 0

    @property
    def protections(self) -> list[str]:
        return [
            part.removeprefix("protected=")
            for call in self.calls
            for part in call
            if part.startswith("protected=")
        ]


@pytest.fixture
def retained(tmp_path: Path) -> str:
    path = tmp_path / "first.toml"
    path.write_text(environment_text('removal = "retain"'), encoding="utf-8")
    return str(path)


def run(
    monkeypatch: pytest.MonkeyPatch, account: Account, cdk: CommandLine, *arguments: str
) -> int:
    monkeypatch.setattr("boto3.Session", lambda **_named: account)
    return deploy.main(arguments, cdk)


@pytest.mark.parametrize("state", ["ValidationError", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_stack_is_protected_once_it_is_deployed_and_not_before(
    monkeypatch: pytest.MonkeyPatch, retained: str, state: str
) -> None:
    cdk = CommandLine()

    assert run(monkeypatch, Account(stack=state), cdk, retained) == 0
    assert cdk.protections == ["false", "true"]


@pytest.mark.parametrize(
    ("setting", "left", "code"), [("", "7", 1), ("", "0", 0), ("lanes = true", "7", 0)]
)
def test_lanes_are_not_removed_while_messages_wait_in_them(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    left: str,
    code: int,
) -> None:
    path = tmp_path / "lanes.toml"
    path.write_text(environment_text('removal = "retain"', setting), encoding="utf-8")
    cdk = CommandLine()

    assert run(monkeypatch, Account(stack="UPDATE_COMPLETE", left=left), cdk, str(path)) == code

    assert bool(cdk.calls) == (code == 0)
    assert ("7 messages are in the lanes' queues" in capsys.readouterr().err) == (code == 1)


def test_a_first_deploy_that_fails_is_left_deletable_and_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch, retained: str
) -> None:
    cdk = CommandLine(fails_from=1)

    assert run(monkeypatch, Account(), cdk, retained) == 1
    assert cdk.protections == ["false"]


@pytest.mark.parametrize("state", ["CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_deployed_stack_stays_protected_all_the_time(
    monkeypatch: pytest.MonkeyPatch, retained: str, state: str
) -> None:
    cdk = CommandLine()
    account = Account(stack=state, source="ACTIVE", owner="genesys-relay-first")

    assert run(monkeypatch, account, cdk, retained) == 0
    assert cdk.protections == ["true"]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (
            {"source": "ResourceNotFoundException"},
            f"There is no partner event source {SOURCE} in account {ACCOUNT}, region eu-central-1",
        ),
        ({"source": "DELETED"}, "Genesys Cloud has deleted the partner event source"),
        (
            {"source": "ACTIVE", "owner": "genesys-relay-other"},
            f"The partner event source {SOURCE} is associated with a bus of the stack "
            "genesys-relay-other",
        ),
    ],
)
def test_an_unusable_source_gives_one_sentence_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    retained: str,
    answers: dict[str, str],
    sentence: str,
) -> None:
    cdk = CommandLine()

    assert run(monkeypatch, Account(**answers), cdk, retained) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"first: {sentence}")
    assert said.endswith("Nothing was changed.\n")
    assert said.count("\n") == 1
    assert cdk.calls == []


def test_credentials_of_another_account_give_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(environment_text('account = "999999999999"'), encoding="utf-8")

    assert run(monkeypatch, Account(), CommandLine(), str(other)) == 1
    assert "names account 999999999999, but these credentials belong to" in capsys.readouterr().err


def test_what_a_deleted_stack_left_behind_is_taken_over(
    monkeypatch: pytest.MonkeyPatch, retained: str
) -> None:
    cdk = CommandLine()

    run(monkeypatch, Account(source="ACTIVE"), cdk, retained, "--profile", "prod")
    first, second = cdk.calls
    assert first[:3] == ["cdk", "deploy", "genesys-relay-first"]
    assert "--import-existing-resources" in first
    assert "--revert-drift" not in first
    assert "--import-existing-resources" not in second
    assert first[-2:] == second[-2:] == ["--profile", "prod"]


def test_what_was_changed_by_hand_in_a_deployed_stack_is_put_back(
    monkeypatch: pytest.MonkeyPatch, retained: str
) -> None:
    cdk = CommandLine()

    assert run(monkeypatch, Account(stack="UPDATE_COMPLETE", source="ACTIVE"), cdk, retained) == 0
    (call,) = cdk.calls
    assert "--revert-drift" in call
    assert "--import-existing-resources" not in call


def test_a_deployed_stack_takes_over_what_is_there_if_told_to(
    monkeypatch: pytest.MonkeyPatch, retained: str
) -> None:
    cdk = CommandLine()
    account = Account(stack="UPDATE_COMPLETE", source="ACTIVE")

    assert run(monkeypatch, account, cdk, retained, "--import-existing-resources") == 0
    (call,) = cdk.calls
    assert call.count("--import-existing-resources") == 1
    assert "--revert-drift" not in call


def test_credentials_that_may_only_assume_cdks_roles_deploy_all_the_same(
    monkeypatch: pytest.MonkeyPatch, retained: str
) -> None:
    cdk = CommandLine()
    account = Account(stack="AccessDenied", source="AccessDeniedException", owner="AccessDenied")

    assert run(monkeypatch, account, cdk, retained) == 0
    assert cdk.protections == ["false", "true"]


def test_an_unknown_environment_gives_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Account(), CommandLine(), "nowhere") == 1
    assert capsys.readouterr().err.startswith("environments/nowhere.toml: there is no such file")
