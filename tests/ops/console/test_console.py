"""The console lets its own browser in and nobody else, shows what was read as text, and changes
nothing before somebody has seen its dry run."""

import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from ops.console import views
from ops.console.app import console
from ops.console.documents import linked
from ops.console.door import Door
from tests.ops.console.asking import Answer, ask
from tests.ops.console.shown import CONVERSATION, HOSTILE, LETTER, REFUSED, Shown, answer

PORT = 8123
HERE = f"127.0.0.1:{PORT}"
TOKEN = "the token"
COOKIE = {"host": HERE, "cookie": f"relay-console-{PORT}={TOKEN}"}
LETTER_ID = LETTER.delivery.message_id
PAGES = [
    "/",
    "/trace",
    f"/trace?name={CONVERSATION}",
    "/trace?name=waiting",
    "/trace?name=nobody",
    "/events",
    "/missing",
    "/missing?from=&to=",
    "/dead-letters",
    f"/dead-letters/{LETTER_ID}",
    "/dead-letters/none",
    "/cases",
    f"/cases/{REFUSED}",
    "/cases/ab3d5f7h9k",
    "/environments",
    "/docs/runbook.md",
    "/docs/nothing.md",
]


class Wanting:
    """A browser of the console."""

    def __init__(self, *, may_change: bool = False, is_quiet: bool = False) -> None:
        self.readings = Shown(is_quiet=is_quiet)
        self.app = console(self.readings, Door(TOKEN, PORT, may_change), 0.0, lambda: False)

    def get(self, address: str, **headers: str) -> Answer:
        return ask(self.app, "GET", address, {**COOKIE, **headers})

    def post(self, form: dict[str, str], **headers: str) -> Answer:
        own = {**COOKIE, "origin": f"http://{HERE}", **headers}
        return ask(self.app, "POST", "/change", own, urlencode(form))


# Who comes in


def test_the_token_lets_a_browser_in_and_leaves_the_address() -> None:
    answered = ask(Wanting().app, "GET", f"/?token={TOKEN.replace(' ', '+')}", {"host": HERE})

    cookie = answered.headers["set-cookie"].lower()
    assert answered.status == 200
    assert f"relay-console-{PORT}=" in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in answered.text


@pytest.mark.parametrize("address", [*PAGES, "/live", "/static/console.css", "/?token=another"])
def test_without_it_nothing_is_read(address: str) -> None:
    wanting = Wanting()
    answered = ask(wanting.app, "GET", address, {"host": HERE})

    assert answered.status == 403
    assert wanting.readings.asked == []
    assert "genesys-relay" not in answered.text


@pytest.mark.parametrize(
    "headers",
    [
        {"host": f"relay.example:{PORT}"},  # a name that was made to lead here
        {"host": "127.0.0.1:1"},
        {"host": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},  # another port of this machine
        {"cookie": f"relay-console-{PORT}=guessed"},
        {"cookie": f"relay-console-1={TOKEN}"},
    ],
)
def test_other_pages_of_the_browser_see_nothing(headers: dict[str, str]) -> None:
    assert Wanting().get("/", **headers).status == 403


@pytest.mark.parametrize("headers", [{}, {"host": f"localhost:{PORT}"}, {"sec-fetch-site": "none"}])
def test_its_own_browser_sees_it(headers: dict[str, str]) -> None:
    assert Wanting().get("/", **headers).status == 200


REPLAY = {"action": "redrive", "id": LETTER_ID}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"cookie": ""},
    ],
)
def test_other_pages_of_the_browser_change_nothing(headers: dict[str, str]) -> None:
    wanting = Wanting(may_change=True)

    assert wanting.post(REPLAY, **headers).status == 403
    assert wanting.readings.ran == []


def test_an_address_with_the_token_changes_nothing() -> None:
    wanting = Wanting(may_change=True)
    answered = ask(wanting.app, "POST", f"/change?token={TOKEN}", {"host": HERE}, urlencode(REPLAY))

    assert (answered.status, wanting.readings.ran) == (403, [])


def test_without_the_flag_nothing_can_be_changed_and_no_button_is_there() -> None:
    wanting = Wanting()

    assert wanting.post(REPLAY).status == 403
    assert wanting.readings.ran == []
    for address in PAGES:
        assert 'method="post"' not in wanting.get(address).text
    assert "relay dead-letters redrive --message" in wanting.get(f"/dead-letters/{LETTER_ID}").text


# Changes


def seal_in(text: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("form", "command"),
    [
        (REPLAY, ["dead-letters", "redrive", f"--message={LETTER_ID}"]),
        (
            {"action": "redrive-queue", "id": "writes"},
            ["dead-letters", "redrive", "--queue=writes"],
        ),
        (
            {"action": "discard", "id": LETTER_ID, "note": " a  test\n"},
            ["dead-letters", "discard", f"--message={LETTER_ID}", "--note=a test"],
        ),
        (
            {"action": "resolve", "id": REFUSED, "verdict": "happened", "note": "--yes"},
            ["review", "resolve", REFUSED, "--happened", "--note=--yes"],
        ),
    ],
)
def test_a_button_shows_its_dry_run_and_then_does_what_was_shown(
    form: dict[str, str], command: list[str]
) -> None:
    wanting = Wanting(may_change=True)

    shown = wanting.post(form)
    assert "Nothing was changed." in shown.text
    assert wanting.readings.ran == [[*command, "--dry-run"]]

    done = wanting.post({**form, "seen": seal_in(shown.text)})
    assert "1 of 1 redriven." in done.text
    assert wanting.readings.ran[1:] == [[*command, "--yes"]]
    assert 'name="seen"' not in done.text


def test_the_dry_run_of_one_thing_does_not_serve_another() -> None:
    wanting = Wanting(may_change=True)
    seal = seal_in(wanting.post(REPLAY).text)

    for other in ({**REPLAY, "id": "another"}, {"action": "redrive-queue", "id": "writes"}):
        wanting.post({**other, "seen": seal})
    wanting.post({**REPLAY, "seen": "guessed"})

    assert all("--yes" not in command for command in wanting.readings.ran)


@pytest.mark.parametrize(
    ("form", "word"),
    [
        ({"action": "redrive", "id": "--whole-queue"}, "is not a valid id"),
        ({"action": "redrive", "id": ""}, "is not a valid id"),
        ({"action": "redrive-queue", "id": "all"}, "no queue all"),
        ({"action": "discard", "id": LETTER_ID, "note": "  "}, "note is empty"),
        ({"action": "resolve", "id": REFUSED, "verdict": "yes", "note": "x"}, "Choose what"),
        ({"action": "purge"}, "no button"),
        ({"note": "x" * 70_000}, "no button"),
    ],
)
def test_a_form_that_is_not_from_the_page_gives_a_sentence(form: dict[str, str], word: str) -> None:
    wanting = Wanting(may_change=True)
    answered = wanting.post(form)

    assert answered.status == 400
    assert word in answered.text
    assert wanting.readings.ran == []


# What is shown


class Tags(HTMLParser):
    """Which elements and attributes a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("may_change", [False, True])
@pytest.mark.parametrize("address", [*PAGES, "/live"])
def test_what_an_event_says_is_never_part_of_the_page(address: str, may_change: bool) -> None:
    answered = Wanting(may_change=may_change).get(address)
    tags = Tags(answered.text.replace("\\n", "\n").replace('\\"', '"'))

    assert [
        a
        for t, a in tags.found
        if t == "script" and a != {"src": "/static/console.js", "defer": None}
    ] == []
    assert [tag for tag, _ in tags.found if tag == "img"] == []
    assert [a for _, a in tags.found if "style" in a or any(n.startswith("on") for n in a)] == []
    policy = answered.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answered.headers["cache-control"] == "no-store"


def test_hostile_texts_are_shown_as_they_are() -> None:
    assert "&lt;script&gt;" in Wanting().get("/trace?name=waiting").text
    assert HOSTILE not in "".join(Wanting().get(address).text for address in PAGES)


def test_the_status_page_is_what_the_command_says() -> None:
    night, quiet = Wanting().get("/").text, Wanting(is_quiet=True).get("/").text

    assert "Nothing needs attention." in quiet
    assert "Nothing needs attention." not in night
    assert "7 things need attention." in night
    assert 'href="/docs/runbook.md#genesysfailing"' in night
    assert f'href="/cases/{REFUSED}"' in night
    assert "2 dead letters" in night


def test_every_environment_is_on_one_page_that_is_linked_if_there_are_several() -> None:
    wanting = Wanting()
    page = wanting.get("/environments").text

    assert re.findall(r"<b>(eu|us)</b>", page) == ["eu", "us"]
    assert "no problems" in page
    assert "1 problem" in page
    assert "relay --environment us console" in page
    assert 'href="/environments"' not in wanting.get("/").text
    wanting.readings.has_others = True
    assert 'href="/environments"' in wanting.get("/").text


def test_it_is_renewed_by_itself() -> None:
    answered = Wanting().get("/live")

    assert answered.headers["content-type"].startswith("text/event-stream")
    assert answered.text.startswith("event: standing\ndata: ")
    assert "7 things need attention." in answered.text


def test_what_cannot_be_read_gives_a_sentence() -> None:
    answered = Wanting().get("/trace?name=nobody")

    assert answered.status == 400
    assert "Nothing is known of nobody." in answered.text
    assert 'value="nobody"' in answered.text, "it can be corrected where it was said"


def test_events_are_filtered_and_paged_as_by_the_command() -> None:
    wanting = Wanting()
    asked = {"from": "2h", "topic": "order.*", "state": "rejected", "field": "sender=shop"}
    text = wanting.get(f"/events?{urlencode(asked)}").text

    ((wanted, after),) = wanting.readings.asked
    assert (wanted.topic, wanted.state, wanted.fields) == (
        "order.*",
        "rejected",
        {"sender": "shop"},
    )
    assert after == ""
    (further,) = re.findall(r'href="(/events\?[^"]+)"', text)
    wanting.get(further.replace("&amp;", "&"))
    assert wanting.readings.asked[1][1] == "further"
    assert "field=sender%3Dshop" in further
    assert "is not a field" in wanting.get("/events?field=x").text


def test_the_audit_is_started_by_hand_and_drawn_over_time() -> None:
    wanting = Wanting()

    assert "<rect" not in wanting.get("/missing").text
    assert wanting.readings.asked == []

    text = wanting.get("/missing?from=2026-01-09T00:00Z&to=").text

    assert wanting.readings.asked == [("2026-01-09T00:00Z", "")]
    tones = re.findall(r'<rect class="(\w+)"', text)
    assert [tone for tone in tones if tone != "quiet"] == ["good", "bad", "good"]
    assert "6 never arrived" in text
    assert 'href="/missing"' in wanting.get("/events").text


def test_with_nothing_due_there_is_nothing_to_draw() -> None:
    text = Wanting(is_quiet=True).get("/missing?from=&to=").text

    assert "<rect" not in text
    assert "0 events expected, 0 never arrived" in text


@pytest.mark.parametrize(
    ("state", "tones"),
    [
        ("SEALED", ["good", "good", "wait", "quiet", "quiet"]),
        ("OPEN", ["good", "good", "wait", "quiet", "quiet"]),
        ("DONE", ["good", "good", "good", "good", "quiet"]),
        ("PENDING_EVENT", ["good", "good", "good", "good", "wait"]),
        ("CONFIRMED", ["good", "good", "good", "good", "good"]),
        ("REJECTED", ["good", "good", "good", "bad", "quiet"]),
        ("MANUAL_REVIEW", ["good", "good", "good", "bad", "quiet"]),
        ("DISCARDED", ["good", "good", "good", "bad", "quiet"]),
    ],
)
def test_an_event_passes_five_places(state: str, tones: list[str]) -> None:
    (way,) = answer(state).ways

    assert [station.tone for station in views.stations(way)] == tones


@pytest.mark.parametrize("name", ["../README.md", "../../etc/passwd", "%2e%2e/README.md", "x"])
def test_only_the_projects_own_documents_are_shown(name: str) -> None:
    assert "There is no such page" in Wanting().get(f"/docs/{name}").text


def test_every_trouble_leads_to_a_section_that_is_there() -> None:
    links = re.findall(r'href="/docs/runbook\.md#([\w-]+)"', Wanting().get("/").text)
    text = Wanting().get("/docs/runbook.md").text

    assert len(links) >= 5
    assert [link for link in links if f'id="{link}"' not in text] == []


def test_a_trouble_is_text_with_a_link_and_commands() -> None:
    said = linked("<b>x</b> `relay <i>`. Runbook: Backlog. <u>")

    assert said == (
        "&lt;b&gt;x&lt;/b&gt; <code>relay &lt;i&gt;</code>. "
        '<a href="/docs/runbook.md#backlog">Runbook: Backlog</a>. &lt;u&gt;'
    )
    assert linked("Runbook: https://x.example/#backlog") == "Runbook: https://x.example/#backlog"
    assert linked("Runbook: Nowhere.") == "Runbook: Nowhere."
