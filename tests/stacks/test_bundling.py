"""The asset: what the functions need, nothing else, the same bytes every time, without Docker."""

import json
import marshal
import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from aws_cdk import aws_lambda as lambda_

from stacks import bundling, sbom
from stacks.bundling import (
    BundlingError,
    LocalBundling,
    compile_all,
    failure_in,
    interpreter,
    remarks,
)
from stacks.function import RUNTIME

PROJECT = Path(__file__).parent.parent.parent
#: unzipped; sources are 6.5 MB of it, and their bytecode, where there is any, 5 MB (MB)
SIZE_MAX_MB = 15


def bundle(directory: Path, architecture: str = "arm64") -> Path:
    LocalBundling(
        runtime=RUNTIME, architecture=architecture, configuration='{"routes": []}'
    ).try_bundle(str(directory))
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("asset"))


def test_it_holds_the_functions_their_configuration_and_what_they_import(asset: Path) -> None:
    assert json.loads((asset / "configuration.json").read_text()) == {"routes": []}
    for expected in (
        "lambdas/relay/kernel/limits.py",
        "requests",
        "aws_lambda_powertools",
        "jmespath",
    ):
        assert (asset / expected).exists()


def test_it_holds_a_bill_of_materials_with_licences(asset: Path) -> None:
    document = json.loads((asset / sbom.FILE).read_text())
    pins = (PROJECT / "lambdas" / "requirements.txt").read_text()

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    told = {(each["name"], each["version"]) for each in document["components"]}
    assert told == set(re.findall(r"^([a-z0-9-]+)==(\S+)", pins, re.MULTILINE))
    licences = dict(sbom.licences(document))
    assert len(licences) == len(told)
    assert not [name for name, licence in licences.items() if licence == "unknown"]
    # What may be shipped with this: a person has to look at a licence that demands more.
    assert not [name for name, licence in licences.items() if "GPL" in licence]


def test_it_holds_nothing_else(asset: Path) -> None:
    packages = {path.name for path in asset.iterdir() if not path.name.endswith(".dist-info")}

    assert not packages & {"boto3", "botocore", "pydantic", "tests", "stacks", "bin", ".lock"}
    assert sum(map(len, contents(asset).values())) < SIZE_MAX_MB * 1_000_000


def test_it_is_built_for_the_processor_and_python_of_the_functions(asset: Path) -> None:
    compiled = [path.name for path in asset.rglob("*.so")]

    assert compiled
    assert all("cpython-314-aarch64" in name for name in compiled)


def test_it_is_the_same_every_time(asset: Path, tmp_path: Path) -> None:
    assert contents(bundle(tmp_path)) == contents(asset)


def of_this_python(directory: Path) -> Path:
    runtime = lambda_.Runtime("python{}.{}".format(*sys.version_info))
    LocalBundling(runtime=runtime, architecture="x86_64", configuration="{}").try_bundle(
        str(directory)
    )
    return directory


def test_it_holds_bytecode_that_lambda_uses_whatever_the_times_of_the_files(tmp_path: Path) -> None:
    """The archive does not keep the files' times, so the bytecode must not depend on them."""
    built = of_this_python(tmp_path / "asset")
    sources = [path for path in built.rglob("*.py") if path.parent != built]
    bytecode = [Path(cache_from_source(path)) for path in sources]

    assert sources
    for path in bytecode:
        flags = int.from_bytes(path.read_bytes()[4:8], "little")
        assert flags == 0b01, f"{path} is compared with its source"  # PEP 552
        code = marshal.loads(path.read_bytes()[16:])
        assert code.co_filename.startswith("/var/task/")


def test_its_bytecode_is_the_same_every_time(tmp_path: Path) -> None:
    assert contents(of_this_python(tmp_path / "a")) == contents(of_this_python(tmp_path / "b"))


def test_without_the_functions_python_there_is_a_remark_and_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version's bytecode would be useless."""
    monkeypatch.setattr(bundling, "interpreter", lambda python: None)

    assert not list(bundle(tmp_path).rglob("*.pyc"))
    (remark,) = remarks(RUNTIME)
    assert "no Python 3.14" in remark
    assert ".venv/bin/uv python install 3.14" in remark


def test_with_it_there_is_no_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda python: sys.executable)

    assert not list(remarks(RUNTIME))


def test_an_interpreter_has_the_version_that_is_asked_for() -> None:
    here = interpreter("{}.{}".format(*sys.version_info))

    assert here is not None
    asked = [here, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert told == "{}.{}".format(*sys.version_info)
    assert interpreter("3.99") is None


def test_what_cannot_be_compiled_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("this is no Python")

    with pytest.raises(BundlingError, match=r"could not compile it: .*broken\.py") as failure:
        compile_all(tmp_path, python="{}.{}".format(*sys.version_info))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("umask", [0o077, 0o027])
def test_lambda_can_read_it_whatever_umask_it_was_built_under(tmp_path: Path, umask: int) -> None:
    build = (
        "import sys; from pathlib import Path; from tests.stacks.test_bundling import bundle; "
        "bundle(Path(sys.argv[1]))"
    )
    built = tmp_path / "asset"
    subprocess.run(
        [sys.executable, "-c", build, str(built)], cwd=PROJECT, umask=umask, check=True, timeout=300
    )

    unreadable = [
        str(path)
        for path in built.rglob("*")
        if path.stat().st_mode & 0o777 != (0o755 if path.is_dir() else 0o644)
    ]
    assert (built / "lambdas" / "write.py").exists()
    assert unreadable == []


def test_a_dependency_that_cannot_be_installed_gives_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "lambdas"
    package.mkdir()
    (package / "requirements.txt").write_text("requests==2.34.2\n")  # without its hashes
    monkeypatch.setattr(bundling, "PACKAGE", package)

    with pytest.raises(BundlingError) as failure:
        bundle(tmp_path / "asset")

    sentence = str(failure.value)
    assert sentence.startswith("the functions' asset cannot be built: uv could not install")
    assert "\n" not in sentence


def test_the_sentence_is_found_again_in_what_jsii_makes_of_it() -> None:
    wrapped = RuntimeError("Failed to bundle asset X: @jsii/kernel.RuntimeError: the functions' "
                           "asset cannot be built: no space left.")  # fmt: skip

    assert failure_in(wrapped) == "the functions' asset cannot be built: no space left."
    assert failure_in(RuntimeError("something else")) is None
