"""Two environments of one checkout, deployed side by side on the embedded AWS: each in an account
and a region of its own, with an OAuth client of its own, and a third that is not deployed."""

import base64
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
import requests

from demo.run.stage import EVERYTHING, Genesys, relay_table, serving_genesys
from emulator.process import Emulator
from emulator.toolchain import ROOT
from ops.__main__ import main
from ops.connection import Target, connect
from ops.console.app import console
from ops.console.door import Door
from ops.console.readings import OfRelay
from ops.health import judge
from ops.reading import read
from stacks.configuration import load_environments
from stacks.relay_stack import RelayStack
from tests.envelopes import envelope
from tests.ops.console.asking import ask

WAIT_S = 120.0
#: Genesys' window, short enough to see its end, and one client's requests in it
WINDOW_S, ALLOWED = 20, 6
SECRET = "a secret of its own"
#: the simulator refuses an item that contains it (simulator/items.py)
POISON = "poison-pill"
PROFILES = ("--profile", "relay-{environment}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an environment is; its OAuth client has its name."""

    name: str
    account: str
    region: str
    #: what its file permits (requests a minute)
    per_minute: int

    @property
    def source(self) -> str:
        return f"aws.partner/genesys.com/cloud/4711/{self.name}"

    @property
    def stack(self) -> str:
        return f"genesys-relay-{self.name}"

    def text(self, genesys_url: str) -> str:
        own = f'region = "{self.region}"\nrequests_per_minute = {self.per_minute}\nlinger_s = 0\n'
        return relay_table(self.source, genesys_url) + own + EVERYTHING


ACME = Place("acme", "111111111111", "eu-west-1", 240)
BRIO = Place("brio", "222222222222", "us-east-1", 120)
#: its file is there, its stack is not
NIMM = Place("nimm", "333333333333", "eu-central-1", 300)


class Side:
    """A deployed environment, as its account sees it."""

    def __init__(self, place: Place, endpoint: str) -> None:
        self.place = place
        self.endpoint = endpoint
        self._session = boto3.Session(place.account, "none", region_name=place.region)
        self.outputs: dict[str, str] = {}

    def client(self, service: Any) -> Any:
        make: Any = self._session.client
        return make(service, endpoint_url=self.endpoint)

    def deploy(self, assembly: Path) -> None:
        """As the CDK command line does: the assets, then the template, which is one of them."""
        self.client("ssm").put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
        )
        account, region = self.place.account, self.place.region
        bucket, s3 = f"cdk-hnb659fds-assets-{account}-{region}", self.client("s3")
        # S3's first region takes no constraint.
        where = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else where))
        manifest = json.loads((assembly / f"{self.place.stack}.assets.json").read_text("utf-8"))
        template = ""
        for file in manifest["files"].values():
            (destination,) = file["destinations"].values()
            path, key = assembly / file["source"]["path"], destination["objectKey"]
            if file["source"]["packaging"] == "zip":
                path = Path(shutil.make_archive(str(path), "zip", path))
            else:
                template = key
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        stacks = self.client("cloudformation")
        stacks.create_stack(
            StackName=self.place.stack,
            TemplateURL=f"{self.endpoint}/{bucket}/{template}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )

        def status() -> str:
            (stack,) = stacks.describe_stacks(StackName=self.place.stack)["Stacks"]
            self.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
            return str(stack["StackStatus"])

        until(lambda: not status().endswith("IN_PROGRESS"))
        assert status() == "CREATE_COMPLETE"
        self.client("secretsmanager").put_secret_value(
            SecretId=self.outputs["GenesysSecretName"],
            SecretString=json.dumps({"client_id": self.place.name, "client_secret": SECRET}),
        )

    def publish(self, said: str) -> None:
        """One event of the partner that belongs to this environment."""
        document = envelope("attributes", attributes={"said": said})
        (entry,) = self.client("events").put_partner_events(
            Entries=[
                {
                    "Source": self.place.source,
                    "DetailType": document["detail-type"],
                    "Detail": json.dumps(document["detail"]),
                }
            ]
        )["Entries"]
        assert "EventId" in entry, entry

    def reconcile(self) -> None:
        """As its schedule does, which the emulator does not have."""
        name = self.outputs["ReconcileFunctionName"]
        assert "FunctionError" not in self.client("lambda").invoke(FunctionName=name)


@dataclass(frozen=True, slots=True)
class Organisations:
    genesys: Genesys
    acme: Side
    brio: Side
    environments: Path

    def sent(self, side: Side) -> list[int]:
        """The answers to its OAuth client's writes, in order."""
        return [
            row["status"]
            for row in self.genesys.get("record")["requests"]
            if row["client_id"] == side.place.name and row["method"] == "POST"
        ]

    def written(self) -> list[str]:
        return [
            json.loads(effect["content"]["attributes"]["body"])["attributes"]["said"]
            for effect in self.genesys.get("record")["effects"]
        ]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def organisations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Organisations]:
    directory = tmp_path_factory.mktemp("organisations")
    environments = directory / "environments"
    environments.mkdir()
    with serving_genesys(directory, 1, "none") as genesys, Emulator.start(directory / "aws") as aws:
        genesys.post("limit", allowed=ALLOWED, window_s=WINDOW_S)
        for place in (ACME, BRIO):
            file = environments / f"{place.name}.toml"
            file.write_text(place.text(genesys.url), "utf-8")
            genesys.post("secrets", client_id=place.name, secrets=[SECRET])
        assembly = synthesised(environments, directory / "cdk.out")
        acme, brio = (Side(place, aws.endpoint) for place in (ACME, BRIO))
        for side in (acme, brio):
            side.deploy(assembly)
        yield Organisations(genesys, acme, brio, environments)


def synthesised(environments: Path, out: Path) -> Path:
    context = json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]
    app = cdk.App(outdir=str(out), context=context, analytics_reporting=False)
    for environment in load_environments(",".join(map(str, sorted(environments.iterdir())))):
        RelayStack(app, environment=environment, protected=False)
    app.synth()
    return out


@pytest.fixture(autouse=True)
def checkout(organisations: Organisations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An operator's: a profile for each environment, and AWS is the emulator."""
    profiles = tmp_path / "config"
    profiles.write_text(
        "\n".join(
            f"[profile relay-{place.name}]\naws_access_key_id = {place.account}\n"
            "aws_secret_access_key = none"
            for place in (ACME, BRIO, NIMM)
        )
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("AWS_ENDPOINT_URL", organisations.acme.endpoint)
    monkeypatch.setenv("COLUMNS", "200")
    for module in ("ops.app", "ops.connection", "ops.console.readings", "stacks.configuration"):
        monkeypatch.setattr(f"{module}.ENVIRONMENTS", organisations.environments)


def lines(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, list[str]]:
    """What `relay status --all` says of each environment, if it ends with this code."""
    assert main(["--json", "status", "--all", *PROFILES]) == code
    return {row["environment"]: row["troubles"] for row in json.loads(capsys.readouterr().out)}


def test_both_are_read_and_only_the_one_that_needs_a_person_says_so(
    organisations: Organisations, capsys: pytest.CaptureFixture[str]
) -> None:
    acme, brio = organisations.acme, organisations.brio
    for side in (acme, brio):
        side.publish(f"one of {side.place.name}")
    until(lambda: len(organisations.written()) == 2)
    assert (organisations.sent(acme), organisations.sent(brio)) == ([200], [200])
    for side in (acme, brio):
        side.reconcile()
    assert lines(capsys, 0) == {"acme": [], "brio": []}

    brio.publish(POISON)
    until(lambda: bool(troubles(brio)))

    told = lines(capsys, 1)
    assert told["acme"] == []
    assert told["brio"] == troubles(brio)
    assert "1 request waits for a person" in told["brio"][0]

    (organisations.environments / "nimm.toml").write_text(NIMM.text(organisations.genesys.url))
    told = lines(capsys, 1)
    assert list(told) == ["acme", "brio", "nimm"]
    assert told["acme"] == []
    (only,) = told["nimm"]
    assert "There is no stack genesys-relay-nimm in eu-central-1" in only
    assert main(["status", "--all", *PROFILES]) == 1
    shown = capsys.readouterr().out
    assert "Next: relay --environment brio --profile relay-brio status" in shown

    page = page_of_all(acme)
    for place in (ACME, BRIO):
        assert f"{place.stack} ({place.region})" in page
    assert page.count("no problems") == 1
    assert "1 request waits for a person" in page
    assert "There is no stack genesys-relay-nimm in eu-central-1" in page


def test_each_has_its_own_rate_limit(
    organisations: Organisations, capsys: pytest.CaptureFixture[str]
) -> None:
    genesys, acme, brio = organisations.genesys, organisations.acme, organisations.brio
    for place in (ACME, BRIO):
        assert main(["--json", "status", "-e", place.name, *PROFILES]) in (0, 1)
        assert json.loads(capsys.readouterr().out)["pace"]["allowed"] == place.per_minute

    before, other = len(organisations.sent(brio)), another_user(genesys, brio.place.name)
    other()
    brio.publish("late")
    until(lambda: other() and 429 in organisations.sent(brio)[before:])
    acme.publish("at once")
    until(lambda: "at once" in organisations.written())
    assert "late" not in organisations.written()
    assert 429 not in organisations.sent(acme)

    until(lambda: "late" in organisations.written())
    assert organisations.written().count("late") == 1


def troubles(side: Side) -> list[str]:
    """What its own `relay status` says, read by itself."""
    relay = connect(Target(side.place.name, f"relay-{side.place.name}", None, None))
    return list(judge(read(relay)).troubles)


def page_of_all(side: Side) -> str:
    """The console's page of all environments, opened from one of them."""
    target = Target(side.place.name, PROFILES[1], None, None)
    readings, door = OfRelay(connect(target), target), Door("t", 1, False)
    app = console(readings, door, 1.0, lambda: False)
    headers = {"host": "127.0.0.1:1", "cookie": "relay-console-1=t"}
    answer = ask(app, "GET", "/environments", headers)
    assert answer.status == 200, answer.text
    return answer.text


def another_user(genesys: Genesys, client_id: str) -> Callable[[], bool]:
    """Uses all that Genesys permits this OAuth client in the window, as often as it is called."""
    basic = base64.b64encode(f"{client_id}:{SECRET}".encode()).decode()
    login = requests.post(
        f"{genesys.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
        timeout=WAIT_S,
    )
    bearer = {"Authorization": f"Bearer {login.json()['access_token']}"}
    asked = f"{genesys.url}/api/v2/conversations/{uuid.uuid4()}"

    def spend() -> bool:
        until(lambda: requests.get(asked, headers=bearer, timeout=WAIT_S).status_code == 429)
        return True

    return spend
