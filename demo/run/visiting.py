"""A visit to `relay console`, like a browser's: the printed address, then pages and forms."""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from emulator.toolchain import ROOT

TIMEOUT_S = 60
#: patterns for a page's heading, a command's output, and the proof that its dry run was shown
HEADLINE = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
SAID = re.compile(r"<pre[^>]*>(.*?)</pre>", re.DOTALL)
SEEN = re.compile(r'name="seen" value="(\w+)"')


class Visit:
    """A browser that was let in."""

    def __init__(self, address: str) -> None:
        self._browser = requests.Session()
        self.place = address.partition("/?")[0]
        self._browser.get(address, timeout=TIMEOUT_S).raise_for_status()

    def headline(self, path: str) -> str:
        """A page's heading."""
        return _text(HEADLINE, self.text(path))

    def text(self, path: str) -> str:
        """A whole page."""
        return self._browser.get(f"{self.place}{path}", timeout=TIMEOUT_S).text

    def press(self, form: Mapping[str, str]) -> tuple[str, str]:
        """Presses a button: the output of its dry run, and that of the command that is then run."""
        shown = self._post(form)
        seen = SEEN.search(shown)
        done = self._post({**form, "seen": seen[1]}) if seen else shown
        return _text(SAID, shown), _text(SAID, done)

    def _post(self, form: Mapping[str, str]) -> str:
        headers = {"origin": self.place}
        return self._browser.post(
            f"{self.place}/change", data=form, headers=headers, timeout=TIMEOUT_S
        ).text


def _text(part: re.Pattern[str], page: str) -> str:
    found = part.search(page)
    return html.unescape(found[1]).strip() if found else ""


@contextmanager
def visit(endpoint_file: Path) -> Iterator[Visit]:
    """Starts a console of the local run that may make changes, and stops it."""
    command = [sys.executable, "-m", "ops", "--local", f"--endpoint-file={endpoint_file}", "--json"]
    running = subprocess.Popen(
        [*command, "console", "--allow-changes"],
        cwd=ROOT, env={**os.environ}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    try:
        said = ""
        for line in running.stdout:
            said += line
            if line.startswith("}"):
                break
        yield Visit(str(json.loads(said)["url"]))
    finally:
        running.terminate()
        running.wait()
        running.stdout.close()
