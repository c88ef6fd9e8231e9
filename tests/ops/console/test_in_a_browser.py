"""The console in a real browser: light and dark, on a phone, by keyboard, and renewed by itself."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.console.door import Door
from ops.console.server import address, listen, server
from tests.demo.browser import Browser, browse
from tests.ops.console.shown import LETTER, REFUSED, Shown

SCREENS = {
    "light": (1280, 900, False),
    "dark": (1280, 900, True),
    "tablet": (768, 1024, False),
    "phone": (390, 844, False),
    "dark-phone": (390, 844, True),
}
PAGES = {
    "now": "/",
    "trace": "/trace?name=order-4711",
    "stuck": "/trace?name=waiting",
    "events": "/events",
    "letters": "/dead-letters",
    "letter": f"/dead-letters/{LETTER.delivery.message_id}",
    "case": f"/cases/{REFUSED}",
    "runbook": "/docs/runbook.md",
}
#: what is partly hidden to the right: tables, and the pages' names
_CUT = """[...document.querySelectorAll(".scroll, nav")]
    .filter(box => box.scrollWidth > box.clientWidth).map(box => box.innerText)"""
_LUMINANCE = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture(scope="module")
def shown() -> Shown:
    return Shown()


@pytest.fixture(scope="module")
def where(shown: Shown) -> Iterator[Door]:
    with listen(0) as listening:
        door = Door("a-token", listening.getsockname()[1], may_change=True)
        running = server(shown, door, renew_s=0.05)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield door
        finally:
            running.should_exit = True
            thread.join()


@pytest.fixture
def let_in(browser: Browser, where: Door) -> str:
    """The console's address, in a browser that was let in."""
    browser.open(address(where), width=1280, height=900, dark=False)
    browser.until("location.search === '' && document.getElementById('standing') !== null")
    return f"http://127.0.0.1:{where.port}"


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("page", PAGES)
def test_each_page_fits_and_nothing_complains(
    browser: Browser, let_in: str, tmp_path: Path, page: str, screen: str
) -> None:
    width, height, dark = SCREENS[screen]
    browser.complaints()
    browser.open(f"{let_in}{PAGES[page]}", width=width, height=height, dark=dark)

    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(_CUT) == []
    assert browser.evaluate("document.querySelector('h1') !== null")
    assert browser.complaints() == []
    assert browser.evaluate("document.title").endswith("genesys-relay-production (eu-central-1)")
    assert browser.evaluate(_LUMINANCE) < 60 if dark else browser.evaluate(_LUMINANCE) > 200
    browser.whole_page(tmp_path / f"{page}-{screen}.png")


def test_all_pages_are_named_on_a_phone_even_with_other_environments(
    browser: Browser, let_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shown, "has_others", True)
    browser.open(f"{let_in}/", width=390, height=844, dark=False)

    assert "All environments" in browser.evaluate("document.querySelector('nav').innerText")
    assert browser.evaluate(_CUT) == []


def test_it_is_renewed_while_somebody_looks(browser: Browser, let_in: str, shown: Shown) -> None:
    browser.open(f"{let_in}/", width=1280, height=900, dark=False)
    browser.until("document.querySelector('h1').textContent.includes('things need attention')")

    shown.is_quiet = True
    try:
        browser.until("document.querySelector('h1').textContent === 'Nothing needs attention.'")
        assert browser.evaluate("document.title").startswith("Nothing needs attention.")
        assert browser.evaluate("document.getElementById('live').className") == "hint on"
    finally:
        shown.is_quiet = False


def test_an_id_is_traced_by_keyboard_alone(browser: Browser, let_in: str) -> None:
    browser.open(f"{let_in}/cases", width=1280, height=900, dark=False)

    browser.press("/", *"order-4711", "Enter")

    browser.until("location.search === '?name=order-4711'")
    browser.until("document.querySelector('h1')?.textContent.includes('Delivered and confirmed')")


def test_a_dead_letter_is_redriven_by_keyboard_after_its_dry_run(
    browser: Browser, let_in: str, shown: Shown
) -> None:
    shown.ran.clear()
    browser.open(
        f"{let_in}/dead-letters/{LETTER.delivery.message_id}", width=390, height=844, dark=False
    )
    for _ in range(40):
        browser.press("Tab")
        if browser.evaluate("document.activeElement.textContent.startsWith('Send back')"):
            break
    assert browser.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"

    browser.press("Enter")
    browser.until("document.querySelector('h1')?.textContent === 'Nothing is changed yet'")
    assert [command[-1] for command in shown.ran] == ["--dry-run"]

    # What it would do is read first: a second Enter does nothing.
    browser.until("document.activeElement.tagName === 'PRE'")
    browser.press("Enter", "Tab")
    browser.until("document.activeElement.textContent === 'Do it'")
    browser.press("Enter")
    browser.until("document.querySelector('h1')?.textContent === 'Done'")
    assert [command[-1] for command in shown.ran] == ["--dry-run", "--yes"]


def test_another_page_in_the_browser_neither_sees_nor_changes_anything(
    browser: Browser, let_in: str, shown: Shown, tmp_path: Path
) -> None:
    """The same browser, which has the cookie: a page of somebody else tries."""
    shown.ran.clear()
    page = tmp_path / "elsewhere.html"
    page.write_text(
        f"""<form method="post" action="{let_in}/change"><input name="action" value="redrive-queue">
        <input name="id" value="writes"></form><iframe src="{let_in}/"></iframe>"""
    )
    browser.open(page, width=1280, height=900, dark=False)
    browser.evaluate(
        f"""fetch("{let_in}/cases", {{credentials: "include"}})
            .then((answer) => answer.text(), () => "not to be read")
            .then((text) => {{ window.seen = text; }})"""
    )
    browser.until("window.seen !== undefined")
    assert browser.evaluate("window.seen") == "not to be read"

    browser.evaluate("document.forms[0].submit()")
    browser.until("location.protocol === 'http:' && document.body.textContent.length > 10")
    assert "Open the address" in browser.evaluate("document.body.textContent")
    assert shown.ran == []
