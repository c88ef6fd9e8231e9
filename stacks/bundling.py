"""Builds the one asset that the five functions share: the package `lambdas`, its dependencies and
their bill of materials, the bytecode of both, and the configuration. It uses uv on this machine,
for the functions' processor and Python; never Docker.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_
from uv import find_uv_bin

from stacks import sbom
from stacks.pips_index import with_pips_index

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "lambdas"
CONFIGURATION_FILE = "configuration.json"

#: uv's names for Lambda's processors; its wheels must run on Amazon Linux 2023 (glibc 2.34).
PLATFORMS = {"arm64": "aarch64-manylinux2014", "x86_64": "x86_64-manylinux2014"}

#: Left out: the functions do not need them, and the asset's hash must not depend on this machine.
#: Scripts name its interpreter, and the RECORD files list the scripts.
LEFT_OUT = (".lock", "bin", "*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED")

#: docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html, permission denied
DIRECTORY_MODE, FILE_MODE = 0o755, 0o644

#: where Lambda unpacks the asset
DEPLOYED_TO = "/var/task"

#: An installation from a warm cache takes 0.2 s; a cold one loads 2 MB.
INSTALL_TIMEOUT_S = 180

#: The beginning of the sentence that says why the asset could not be built.
FAILURE = "the functions' asset cannot be built"


class BundlingError(Exception):
    """The asset could not be built; the message is one sentence."""


@jsii.implements(cdk.ILocalBundling)
class LocalBundling:
    """CDK's interface for bundling without Docker. It never falls back to Docker."""

    def __init__(self, *, runtime: lambda_.Runtime, architecture: str, configuration: str) -> None:
        self._python = version(runtime)
        self._architecture = architecture
        self._configuration = configuration

    def try_bundle(self, output_dir: str, *_options: object, **_more: object) -> bool:
        """Build the asset in `output_dir`. Raises BundlingError."""
        output = Path(output_dir)
        install(output, python=self._python, platform=PLATFORMS[self._architecture])
        for pattern in LEFT_OUT:
            for path in output.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        (output / sbom.FILE).write_text(sbom.bill(output), encoding="utf-8")
        shutil.copytree(
            PACKAGE,
            output / PACKAGE.name,
            ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "requirements.txt"),
        )
        compile_all(output, python=self._python)
        (output / CONFIGURATION_FILE).write_text(self._configuration, encoding="utf-8")
        _make_readable(output)
        return True


def shared_code(*, runtime: lambda_.Runtime, architecture: str, configuration: str) -> lambda_.Code:
    """The code of all five functions: one asset, hashed by its contents."""
    return lambda_.Code.from_asset(
        str(PACKAGE),
        asset_hash_type=cdk.AssetHashType.OUTPUT,
        bundling=cdk.BundlingOptions(
            image=runtime.bundling_image,  # required by CDK, never run
            local=LocalBundling(
                runtime=runtime, architecture=architecture, configuration=configuration
            ),
            # Never used, but part of CDK's cache key: within one synthesis CDK builds an asset only
            # once per set of options, and it cannot see what `local` holds.
            environment={"ARCHITECTURE": architecture, "CONFIGURATION": configuration},
        ),
    )


def failure_in(error: Exception) -> str | None:
    """The sentence of the BundlingError that caused `error`; None if something else did.

    jsii passes an exception from a callback on as text inside a RuntimeError.
    """
    _, found, reason = str(error).partition(FAILURE)
    return f"{found}{reason}" if found else None


def _make_readable(output: Path) -> None:
    """Lambda reads the files as another user, and the archive keeps their modes. The asset's hash
    ignores modes, so files made unreadable by a strict umask would never be replaced.
    """
    for path in (output, *output.rglob("*")):
        path.chmod(DIRECTORY_MODE if path.is_dir() else FILE_MODE)


def install(output: Path, *, python: str, platform: str) -> None:
    """Put what the functions import into `output`. Works offline if uv has every package in its
    cache. Raises BundlingError."""
    command = [
        find_uv_bin(), "pip", "install", "--quiet", "--no-progress", "--no-config",
        "--target", str(output), "--requirements", str(PACKAGE / "requirements.txt"),
        "--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile-bytecode",
        "--link-mode", "copy", "--python", sys.executable,
        "--python-version", python, "--python-platform", platform,
    ]  # fmt: skip
    done = _run([*command, "--offline"])
    if done.returncode != 0:
        done = _run(command)
    if done.returncode != 0:
        said = " ".join(done.stderr.split())
        raise BundlingError(
            f"{FAILURE}: uv could not install lambdas/requirements.txt for Python {python} "
            f"on {platform}: {said}"
        )


def version(runtime: lambda_.Runtime) -> str:
    """As in "3.14"."""
    return runtime.name.removeprefix("python")


@cache
def interpreter(python: str) -> str | None:
    """This machine's Python of a version ("3.14"), which compiles for the functions; None if there
    is none: another version's bytecode is of no use."""
    found = _run(
        [find_uv_bin(), "python", "find", f"cpython@{python}", "--no-config", "--no-project",
         "--no-python-downloads"]
    )  # fmt: skip
    return found.stdout.strip() if found.returncode == 0 else None


def remarks(runtime: lambda_.Runtime) -> Iterator[str]:
    """What the asset lacks on this machine, and how to change that."""
    if interpreter(python := version(runtime)) is None:
        yield (
            f"this machine has no Python {python}, so the functions are deployed without bytecode "
            "and compile at every cold start (a tenth of a second of a processor): "
            f".venv/bin/uv python install {python}"
        )


def compile_all(output: Path, *, python: str) -> None:
    """Adds the bytecode: Lambda could not keep what it compiles, and would compile at every cold
    start. It is never compared with the source, whose time the archive does not keep. Without an
    interpreter there is none. Raises BundlingError."""
    compiler = interpreter(python)
    if compiler is None:
        return
    done = _run(
        [compiler, "-I", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
         "-s", str(output), "-p", DEPLOYED_TO, str(output)]
    )  # fmt: skip
    if done.returncode != 0:
        said = " ".join((done.stdout + done.stderr).split())
        raise BundlingError(f"{FAILURE}: {compiler} could not compile it: {said}")


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
            env=with_pips_index(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundlingError(f"{FAILURE}: {error}.") from error
