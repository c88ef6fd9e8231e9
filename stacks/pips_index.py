"""Makes uv use the package index that pip is configured for. Needs only Python: `bin/install` runs
before anything is installed."""

import os
import subprocess
import sys
from functools import cache

#: pip's name for the package index, and uv's variable for it
PIPS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


@cache
def with_pips_index() -> dict[str, str]:
    """The environment in which uv uses pip's index: a company's mirror may be set in pip's
    variables or its configuration files, which uv does not read."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    told = dict(line.split("=", 1) for line in asked.stdout.splitlines() if "=" in line)
    environ = dict(os.environ)
    for name, its_name in PIPS.items():
        found = (
            told.get(f":env:.{name}") or told.get(f"install.{name}") or told.get(f"global.{name}")
        )
        if found:
            environ.setdefault(its_name, found.strip("'"))
    # pip takes the best of all indexes, uv the first with the package; here hashes decide anyway.
    environ.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return environ
