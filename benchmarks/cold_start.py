"""Cold starts: the cost of importing and of a first call of the asset as it is deployed, compared
with the SDK's own, which Lambda's runtime has compiled."""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from benchmarks.row import Row
from benchmarks.sandbox import Event, records, sandbox, sent
from stacks.bundling import LocalBundling

ROOT = Path(__file__).parent.parent
#: the clients that a first call creates
CLIENTS = {"intake": "sqs", "dedup": "dynamodb,sqs,s3"}
#: of the SDK alone
OF_SDK_MAX = {"intake": 1.7, "dedup": 1.5}
PROCESSES = 5


def cold_starts() -> Iterator[Row]:
    events = _events()
    with tempfile.TemporaryDirectory() as folder:
        environment = _asset(Path(folder))
        for verb, clients in CLIENTS.items():
            took: dict[str, float] = {}
            for _ in range(PROCESSES):  # alternating
                for what in (verb, f"boto3:{clients}"):
                    took[what] = min(
                        took.get(what, 1e9), _first_call(what, events[verb], environment)
                    )
            sdk = took[f"boto3:{clients}"]
            yield Row(
                f"{verb}: CPU of a cold start",
                "ms",
                "lower",
                took[verb] * 1e3,
                {f"boto3 with {clients}": sdk * 1e3},
                sdk * 1e3,
                OF_SDK_MAX[verb] * sdk * 1e3,
            )


def _events() -> dict[str, Sequence[Event]]:
    here = sandbox()
    arrived = records(here.envelopes(1))
    here.through("intake", arrived, 1)
    return {"intake": arrived, "dedup": sent(here.aws.sent["batches"])}


def _asset(folder: Path) -> dict[str, str]:
    """The functions' asset for this machine and Python, laid out as in Lambda, where nothing that
    is compiled later could be kept."""
    bundling = LocalBundling(
        runtime=lambda_.Runtime("python{}.{}".format(*sys.version_info)),
        architecture="arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
        configuration=sandbox().configuration,
    )
    bundling.try_bundle(str(folder))
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}


def _first_call(what: str, taken: Sequence[Event], environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_call", what],
        input=json.dumps({"Records": list(taken)}),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=environment["PYTHONPATH"].split(":")[0],
    )
    return float(done.stderr.strip().splitlines()[-1])
