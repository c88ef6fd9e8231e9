"""A real headless Chromium, driven by the W3C WebDriver protocol: no packages except Debian's own.

apt-get install --no-install-recommends chromium chromium-driver
"""

import base64
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

PACKAGES = ("chromium", "chromium-driver")
PROGRAMS = ("chromium", "chromedriver")
READY_WITHIN_S = 120.0
TIMEOUT_S = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class NoBrowser(Exception):
    """There is no browser, and it cannot be installed; the text says what to do."""


def install() -> None:
    """Installs the browser where it is missing and we may. Raises NoBrowser."""
    if all(shutil.which(program) for program in PROGRAMS):
        return
    command = f"apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise NoBrowser(f"The report is tested in a real browser: as root, run `{command}`.")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in ("apt-get update", command):
        done = subprocess.run(
            step.split(), env=environ, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()[-1:]
            raise NoBrowser(f"`{step}` failed ({' '.join(said)}): install {PACKAGES} by hand.")


#: WebDriver's code points (w3.org/TR/webdriver2, keyboard actions)
_KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c"}


class Browser:
    """One session."""

    def __init__(self, session: str) -> None:
        self._session = session

    def open(self, page: Path | str, *, width: int, height: int, dark: bool) -> None:
        """Shows a page, a file or an address, as a screen of that size and colour scheme would."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._devtools(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640},
        )
        address = page if isinstance(page, str) else page.resolve().as_uri()
        self._call("POST", "url", {"url": address})

    def evaluate(self, expression: str) -> Any:
        return self._call("POST", "execute/sync", {"script": f"return {expression}", "args": []})

    def until(self, expression: str) -> None:
        """Waits for something to happen in the page. Raises AssertionError if it does not."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"not within {READY_WITHIN_S} s: {expression}"
            time.sleep(0.05)

    def press(self, *keys: str) -> None:
        """Keys of a keyboard by the names that DOM events give them, one after another."""
        for key in keys:
            value = _KEYS.get(key, key)
            pressed = [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")]
            actions = [{"type": "key", "id": "keyboard", "actions": pressed}]
            self._call("POST", "actions", {"actions": actions})

    def whole_page(self, path: Path) -> None:
        """A picture of the whole page."""
        path.write_bytes(self.picture(beyond=True))

    def picture(self, *, beyond: bool) -> bytes:
        """A PNG of what the screen shows, or of what is beyond it as well."""
        taken = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": beyond})
        return base64.b64decode(taken["data"])

    def complaints(self) -> list[str]:
        """What the console and the network layer reported."""
        entries = self._call("POST", "se/log", {"type": "browser"})
        return [entry["message"] for entry in entries]

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._call("POST", "goog/cdp/execute", {"cmd": command, "params": parameters})

    def _call(self, method: str, what: str, body: dict[str, Any]) -> Any:
        answer = requests.request(
            method, f"{self._session}/{what}", json=body, timeout=TIMEOUT_S
        ).json()
        value = answer["value"]
        if isinstance(value, dict) and "error" in value:
            raise AssertionError(f"{what}: {value['message']}")
        return value


@contextmanager
def browse(profile: Path) -> Iterator[Browser]:
    """Starts a browser with a profile of its own. Raises NoBrowser."""
    install()
    log = profile.with_name(f"{profile.name}.log")
    with log.open("wb") as output:
        driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        url = _listening(log)
        capabilities = {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": [*FLAGS, f"--user-data-dir={profile}"]},
        }
        made = requests.post(
            f"{url}/session",
            json={"capabilities": {"alwaysMatch": capabilities}},
            timeout=TIMEOUT_S,
        ).json()["value"]
        assert "sessionId" in made, made
        session = f"{url}/session/{made['sessionId']}"
        try:
            yield Browser(session)
        finally:
            requests.delete(session, timeout=TIMEOUT_S)
    finally:
        driver.terminate()
        driver.wait()


def _listening(log: Path) -> str:
    """Chromedriver names the port that it took."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        _, found, rest = log.read_text("utf-8").partition("successfully on port ")
        if found and "." in rest:
            return f"http://127.0.0.1:{rest.split('.')[0]}"
        time.sleep(0.05)
    raise AssertionError(f"chromedriver did not start: {log.read_text('utf-8')}")
