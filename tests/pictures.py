"""The pictures of the README, each with the mark of the page that it was made from.

    python -m tests.pictures      makes them again

A mark is a hash over a page's text and style, so a picture is known to be stale without comparing
pixels, which differ between browsers and fonts.
"""

import hashlib
import struct
import tempfile
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.console import Console

from demo.report.page import render
from ops import status
from ops.console import app, views
from ops.console.door import Door
from ops.console.server import address, listen, server
from ops.console.views import Frame
from ops.screen import Screen
from tests.demo.browser import Browser, browse
from tests.demo.reported import facts
from tests.ops.console.shown import Shown

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
MARK = b"made from\0"
#: a terminal's columns
COLUMNS = 100
TRACED = "order-4711"


@dataclass(frozen=True, slots=True)
class Shot:
    """A page as shown on a screen of that size."""

    #: of the console; "" for the report
    path: str
    width: int
    height: int
    dark: bool
    #: the page's text and style
    made_from: str

    @property
    def mark(self) -> bytes:
        size = f"{self.width}x{self.height} {self.dark}"
        return hashlib.sha256(f"{size} {self.made_from}".encode()).hexdigest()[:16].encode()


def shots() -> Mapping[str, Shot]:
    """Every picture by its name."""
    style = (app.STATIC / "console.css").read_text("utf-8")
    readings, frame = Shown(), Frame(Shown.title, may_change=False, here="now")
    now = views.render("now", frame, **views.standing(readings.standing()))
    found = readings.trace(TRACED)
    trace = views.render(
        "trace",
        Frame(Shown.title, may_change=False, here="trace", asked=TRACED),
        found=found,
        ways=views.rows(found.answer.ways),
        one=views.way(found.answer.ways[0]),
    )
    return {
        "console.png": Shot("/", 1120, 1290, False, now + style),
        "trace.png": Shot(f"/trace?name={TRACED}", 1120, 800, True, trace + style),
        "report.png": Shot("", 1120, 1380, False, render(facts())),
    }


def status_svg() -> str:
    """What `relay status` prints on that night."""
    screen = Screen(as_json=False)
    screen.console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, highlight=False
    )
    standing = Shown().standing()
    status.show(standing, Shown.title, screen)
    return screen.console.export_svg(title="relay status", unique_id="status")


def make() -> None:
    """Makes every picture again. Raises NoBrowser."""
    PICTURES.mkdir(exist_ok=True)
    (PICTURES / "status.svg").write_text(status_svg(), "utf-8")
    with tempfile.TemporaryDirectory() as folder, browse(Path(folder) / "profile") as browser:
        report = Path(folder) / "report.html"
        report.write_text(render(facts()), "utf-8")
        with listen(0) as listening:
            door = Door("a-token", listening.getsockname()[1], may_change=False)
            running = server(Shown(), door, renew_s=1.0)
            thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                browser.open(address(door), width=1120, height=800, dark=False)
                browser.until("location.search === ''")
                for name, shot in shots().items():
                    page = f"http://127.0.0.1:{door.port}{shot.path}" if shot.path else report
                    (PICTURES / name).write_bytes(marked(taken(browser, page, shot), shot.mark))
            finally:
                running.should_exit = True
                thread.join()


def taken(browser: Browser, page: Path | str, shot: Shot) -> bytes:
    browser.open(page, width=shot.width, height=shot.height, dark=shot.dark)
    if shot.path == "/":
        browser.until("document.getElementById('live').className === 'hint on'")
    return browser.picture(beyond=False)


def marked(png: bytes, mark: bytes) -> bytes:
    """A PNG with a text in it (PNG specification, tEXt), behind its header."""
    header_end = 8 + 12 + 13
    body = b"tEXt" + MARK + mark
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:header_end] + chunk + png[header_end:]


def mark_of(png: bytes) -> bytes:
    """The mark that a picture has; empty if it has none."""
    return png.partition(MARK)[2][:16]


if __name__ == "__main__":
    make()
