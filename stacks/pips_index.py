"""Where pip is configured to take packages from: for uv, which does not read that, and for pip.
Needs only Python: `bin/install` runs before anything is installed."""

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache

#: pip's name for the package index, and uv's variable for it
PIPS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
#: the rest of what pip needs to know to reach one
REACH = ("find-links", "no-index", "client-cert", "proxy", "default-timeout", "retries")


@cache
def with_pips_index() -> dict[str, str]:
    """The environment in which uv uses pip's index: a company's mirror may be set in pip's
    variables or its configuration files, which uv does not read."""
    environ = dict(os.environ)
    for name, found in _configured().items():
        if name in PIPS:
            environ.setdefault(PIPS[name], " ".join(found.split()))
    # pip takes the best of all indexes, uv the first with the package; here hashes decide anyway.
    environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return environ


def for_pip() -> dict[str, str]:
    """The environment in which pip takes packages from where it is told, and installs them where it
    runs: `user`, `target`, `prefix` and the like, which somebody may have set, do not hold."""
    told = {_variable(name): found for name, found in _configured().items()}
    return {**_without_pip(), **told, "PIP_CONFIG_FILE": os.devnull}


def _configured() -> Mapping[str, str]:
    """What pip's variables and its files say, by pip's names; variables go first."""
    place = ("PIP_CONFIG_FILE", *map(_variable, (*PIPS, *REACH)))
    environ = _without_pip() | {name: os.environ[name] for name in place if name in os.environ}
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    told = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    found = {}
    for name in (*PIPS, *REACH):
        sections = (told.get(f"{section}.{name}") for section in (":env:", "install", "global"))
        if said := next(filter(None, sections), None):
            found[name] = str(ast.literal_eval(said))
    return found


def _without_pip() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


def _variable(name: str) -> str:
    return f"PIP_{name.upper().replace('-', '_')}"
