"""The report says what happened, and a real browser shows it: light, dark, at phone width."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from demo.report import chart, events, throughput
from demo.report.chart import Series, nice, scale
from demo.report.page import render, write
from tests.demo.browser import Browser, browse
from tests.demo.reported import BEGAN, account, facts, request

SCREENS = {
    "light": (1280, 900, False),
    "dark": (1280, 900, True),
    "tablet": (768, 1024, False),
    "phone": (390, 844, False),
    "dark-phone": (390, 844, True),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(facts(), path)
    return path


@pytest.mark.parametrize("screen", SCREENS)
def test_a_browser_shows_all_of_it_without_a_word_of_complaint(
    browser: Browser, page: Path, tmp_path: Path, screen: str
) -> None:
    width, height, dark = SCREENS[screen]
    browser.open(page, width=width, height=height, dark=dark)

    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    text = browser.evaluate("document.body.innerText")
    for said in (
        "6 lines: 4 different events, 1 copy of them, 1 set aside.",
        "3 events took effect once; 1 of 6 lines is set aside, 1 of 4 events waits for a person",
        "captured.ndjson",
        "detail has no <type>",
        "The flow",
        "Throughput against the rate ceiling",
        "Latency by stage",
        "Fault log",
        "Genesys goes down",
    ):
        assert said in text
    assert browser.evaluate(_CUT) == []
    assert browser.evaluate(_VISIBLE_SVGS) == ["narrow" if width < 640 else "wide"]
    assert browser.evaluate(_LUMINANCE) < 60 if dark else browser.evaluate(_LUMINANCE) > 200
    picture = tmp_path / f"{screen}.png"
    browser.whole_page(picture)
    assert picture.stat().st_size > 20_000


#: which of the two sizes of pictures is shown
_VISIBLE_SVGS = """[...new Set([...document.querySelectorAll("svg")]
    .filter(svg => svg.getClientRects().length).map(svg => svg.getAttribute("class")))]"""
#: the boxes that hide a part of what is in them to the right
_CUT = """[...document.querySelectorAll(".scroll")].filter(box => box.scrollWidth > box.clientWidth)
    .map(box => box.innerText)"""
_LUMINANCE = "Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"


def test_a_page_that_complains_or_is_too_wide_is_noticed(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<p style="width:2000px">x</p><script>gone()</script>', "utf-8")

    browser.open(page, width=390, height=844, dark=False)

    assert browser.evaluate("document.documentElement.scrollWidth") > 390
    assert any("gone is not defined" in said for said in browser.complaints())


def test_bars_end_with_their_axis() -> None:
    series = [Series("accepted", "good", [(3.0, 1.0), (5.0, 2.0)])]

    for svg in chart.bars("Answers", series, x_max=5.2).split("<svg ")[1:]:
        (width,) = re.findall(r'viewBox="0 0 (\d+)', svg)
        bars = re.findall(r'<rect[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', svg)
        assert len(bars) == 2
        assert all(float(x) + float(wide) <= float(width) - chart.RIGHT for x, wide in bars)


def test_an_event_is_found_by_typing(browser: Browser, page: Path) -> None:
    browser.open(page, width=1280, height=900, dark=False)

    shown = browser.evaluate("""(() => {
        const find = document.getElementById("find");
        find.value = "No such ID";
        find.dispatchEvent(new Event("input"));
        return [...document.querySelectorAll("#events tr")].filter(row => !row.hidden).length;
    })()""")

    assert shown == 1
    assert browser.evaluate("document.getElementById('none').hidden")
    assert not browser.evaluate("""(() => {
        const find = document.getElementById("find");
        find.value = "nobody says this";
        find.dispatchEvent(new Event("input"));
        return document.getElementById("none").hidden;
    })()"""), "that nothing matches is said"


def test_the_page_needs_nothing_from_anywhere() -> None:
    text = render(facts())

    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", text)
    assert not re.findall(r"url\(|@import|https?://", text)


def test_what_an_event_is_called_stays_text() -> None:
    class Tags(HTMLParser):
        bold = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.bold += tag == "b"

    plain, attacked = Tags(), Tags()
    plain.feed(render(facts(claims=[])))
    attacked.feed(render(facts()))

    assert "&lt;b&gt;&amp;" in render(facts())
    assert attacked.bold == plain.bold


def test_a_run_that_lost_something_says_so_first() -> None:
    text = render(facts(account=account(lost=1, examples=("lost: x",))))

    assert "Not every event took effect once." in text
    assert "lost: x" in text


def test_each_event_s_fate_is_that_of_the_request_that_has_it_now() -> None:
    made = {row.identity: row for row in events.rows(facts())}

    assert made["a"].fate == "delivered", "taken with the first answer"
    assert made["c"].fate == "delivered", "taken with the part"
    assert made["d"].fate == "in review"
    assert made["d"].reason == "400 no such id"
    assert (made["a"].effect_at, made["c"].effect_at) == (BEGAN + 3, BEGAN + 5)
    assert made["d"].effect_at is None


def test_a_part_whose_record_is_missing_leaves_the_fate_open() -> None:
    known = facts()
    records = {name: item for name, item in known.records.items() if name != "b-again"}

    made = {row.identity: row.fate for row in events.rows(facts(records=records))}

    assert made["a"] == "under way"


def test_latency_counts_only_events_whose_times_are_known() -> None:
    found = {one.stage: one for one in events.latencies(events.rows(facts()))}

    assert found["bus to sealed"].count == 2
    assert found["the whole way"].longest == 4.5
    assert found["claimed to Genesys"].count == 3


def test_a_refused_request_uses_none_of_the_minute() -> None:
    made = [request(n, 200, at=n) for n in range(3)] + [request(9, 429, at=10)]
    made += [request(10, 200, at=61.5)]

    assert throughput.rolling(made, BEGAN)[-1] == (61.5, 2.0)


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 4), (1, 4), (6, 8), (41, 80), (300, 400), (957, 1200)]
)
def test_axes_end_at_a_round_number_above(highest: float, top: float) -> None:
    assert scale(highest) == top
    assert nice(top) >= highest
