"""`relay console` as a process: the printed address lets a browser in, and nothing else does."""

import json
import threading
from pathlib import Path

import pytest
import requests

from demo.run.visiting import Visit, visit
from ops.connection import ENDPOINT_KEYS
from ops.console.command import has_screen
from ops.console.door import Door
from ops.console.server import address, listen, server
from ops.errors import OpsError
from tests.ops.console.shown import Shown


def test_only_the_printed_address_lets_a_browser_in(tmp_path: Path) -> None:
    endpoint = tmp_path / "endpoint.json"
    known = dict.fromkeys(ENDPOINT_KEYS, "http://127.0.0.1:9") | {"region": "eu-west-1"}
    endpoint.write_text(json.dumps({**known, "account": "000000000000", "environment": "local"}))

    with visit(endpoint) as page:
        assert page.headline("/docs/runbook.md") == "Runbook"
        assert requests.get(f"{page.place}/docs/runbook.md", timeout=60).status_code == 403
        dry, done = page.press({"action": "redrive", "id": "abc"})
        assert "127.0.0.1:9" in dry, "the command has asked the embedded AWS, which is not there"
        assert done == dry

    with pytest.raises(requests.ConnectionError):
        page.headline("/docs/runbook.md")


def test_a_visitor_presses_a_button_and_reads_what_it_says() -> None:
    with listen(0) as listening:
        door = Door("a-token", listening.getsockname()[1], may_change=True)
        running = server(Shown(), door, renew_s=1.0)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            page = Visit(address(door))
            assert page.headline("/") == "7 things need attention."
            assert "refused by genesys" in page.text("/trace?name=waiting").lower()
            dry, done = page.press({"action": "redrive", "id": "abc"})
        finally:
            running.should_exit = True
            thread.join()

    assert "Nothing was changed." in dry
    assert "1 of 1 redriven." in done


def test_it_ends_silently_although_a_page_is_open(capfd: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C while somebody looks: a traceback of the page's stream was printed each time."""
    with listen(0) as listening:
        door = Door("a-token", listening.getsockname()[1], may_change=False)
        running = server(Shown(), door, renew_s=60.0)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        browser = requests.Session()
        try:
            browser.get(address(door), timeout=60).raise_for_status()
            open_page = browser.get(f"http://127.0.0.1:{door.port}/live", stream=True, timeout=60)
            lines = open_page.iter_lines()
            assert next(lines) == b"event: standing"
        finally:
            running.should_exit = True
            thread.join()
            browser.close()

    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("environ", "platform", "opens"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"BROWSER": "wslview"}, "linux", True),
        ({}, "darwin", True),
        ({"DISPLAY": ""}, "linux", False),
    ],
)
def test_a_browser_is_opened_where_there_is_a_screen(
    environ: dict[str, str], platform: str, opens: bool
) -> None:
    assert has_screen(environ, platform) is opens


def test_a_port_that_is_taken_gives_a_sentence() -> None:
    with listen(0) as taken, pytest.raises(OpsError, match="leave --port out"):
        listen(taken.getsockname()[1])
