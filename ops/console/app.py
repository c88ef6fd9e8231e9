"""The page's routes: read, show; and make a change after a person has seen its dry run."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ops import listing
from ops.connection import CLOCK
from ops.console import changes, documents, gaps, views
from ops.console.door import Door, refusal
from ops.console.readings import Readings
from ops.console.views import Frame
from ops.dead_letter import Filter
from ops.errors import EXPECTED, sentence

STATIC = Path(__file__).parent / "static"
#: a form is a few words; anything longer is not ours (bytes)
FORM_BYTES_MAX = 65_536
#: how soon a live page notices that the server is stopping (seconds)
LOOK_S = 0.2
#: Nothing is loaded from elsewhere, pages contain no scripts, and no other page may frame them.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # "no-referrer" would make browsers send `Origin: null` with the page's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guarded:
    """Refuses requests that may not come in, before anything is read."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        token = request.query_params.get("token", "")
        headers: Mapping[str, str] = Headers(scope=scope)
        why = refusal(self._door, request.method, headers, request.cookies, token)
        if why:
            await PlainTextResponse(f"{why}\n", 403)(scope, receive, with_headers)
        elif token:
            await _welcome(self._door)(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)


def _welcome(door: Door) -> Response:
    """Moves the token from the address into a cookie. A page, not a redirect: a redirect after a
    link on another site would arrive without the cookie."""
    answer = HTMLResponse(
        '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
        '<title>relay console</title><a href="/">On to the console</a>'
    )
    answer.set_cookie(door.cookie, door.token, httponly=True, samesite="strict", path="/")
    return answer


@dataclass(frozen=True, slots=True)
class Console:
    """Answers each address with what was read for it."""

    readings: Readings
    door: Door
    #: how often an open page is refreshed (seconds)
    renew_s: float
    #: whether the server is about to stop
    is_ending: Callable[[], bool]
    #: one reading at a time: reading dead letters hides them for a moment
    lock: Lock

    def frame(self, here: str, asked: str = "") -> Frame:
        readings = self.readings
        return Frame(readings.title, self.door.may_change, here, asked, readings.has_others)

    def now(self, request: Request) -> str:
        return views.render("now", self.frame("now"), **views.standing(self.readings.standing()))

    def environments(self, request: Request) -> str:
        lines = self.readings.environments()
        return views.render("environments", self.frame("environments"), lines=lines)

    def trace(self, request: Request) -> str:
        name = request.query_params.get("name", "").strip()
        frame = self.frame("trace", name)
        if not name:
            return views.render("trace", frame, found=None, ways=[], one=None)
        found = self.readings.trace(name)
        one = views.way(found.answer.ways[0]) if len(found.answer.ways) == 1 else None
        return views.render(
            "trace", frame, found=found, ways=views.rows(found.answer.ways), one=one
        )

    def events(self, request: Request) -> str:
        asked = {name: request.query_params.get(name, "") for name in views.EVENT_FILTERS}
        field = [asked["field"]] if asked["field"] else []
        wanted = listing.wanted(
            asked["from"],
            asked["to"],
            asked["topic"],
            asked["destination"],
            asked["state"],
            field,
            now_ms=CLOCK.now_ms(),
        )
        listed = self.readings.events(wanted, request.query_params.get("after", ""))
        return views.render("events", self.frame("events"), **views.events(listed, asked))

    def missing(self, request: Request) -> str:
        """Following a link shows the cost of the query first."""
        asked = {name: request.query_params.get(name, "") for name in gaps.FILTERS}
        is_asked = gaps.FILTERS.keys() <= request.query_params.keys()
        found = self.readings.missing(asked["from"], asked["to"]) if is_asked else None
        return views.render("missing", self.frame("events"), **gaps.shown(found, asked))

    def letters(self, request: Request) -> str:
        reason = request.query_params.get("reason", "")
        shown = views.letters(self.readings.letters(Filter(reason=reason)), reason)
        return views.render("letters", self.frame("dead-letters"), **shown)

    def letter(self, request: Request) -> str:
        name = request.path_params["name"]
        choice = self.readings.letters(Filter(message=name))
        return views.render("letter", self.frame("dead-letters"), choice=choice, name=name)

    def cases(self, request: Request) -> str:
        return views.render("cases", self.frame("cases"), cases=self.readings.cases())

    def case(self, request: Request) -> str:
        shown = views.case(self.readings.case(request.path_params["name"]))
        return views.render("case", self.frame("cases"), **shown)

    def document(self, request: Request) -> str:
        title, text = documents.rendered(request.path_params["name"]) or (
            "There is no such page",
            "",
        )
        return views.render("document", self.frame("runbook"), title=title, text=text)

    def change(self, form: Mapping[str, str]) -> str:
        """The dry run first; the change itself only after its dry run was shown."""
        command = changes.command(form)
        seal = self.door.seal(command)
        is_agreed = hmac.compare_digest(form.get("seen", "").encode(), seal.encode())
        ran = self.readings.run([*command, "--yes" if is_agreed else "--dry-run"])
        return views.render(
            "change",
            self.frame("change"),
            command=changes.spoken([*command, *([] if is_agreed else ["--dry-run"])]),
            ran=ran,
            is_agreed=is_agreed,
            form={name: value for name, value in form.items() if name != "seen"},
            seal=seal,
        )

    def answer(self, here: str, tell: Callable[[], str], asked: str = "") -> Response:
        """What was read, or why it could not be read."""
        try:
            with self.lock:
                return HTMLResponse(tell())
        except EXPECTED as error:
            frame = self.frame(here, asked)
            return HTMLResponse(views.render("problem", frame, says=sentence(error)), 400)

    async def live(self, request: Request) -> Response:
        return StreamingResponse(self._told(), media_type="text/event-stream")

    async def _told(self) -> AsyncIterator[str]:
        """Until the browser leaves or the server stops: a connection cut by the server would be
        logged as an error."""
        while not self.is_ending():
            yield await run_in_threadpool(self._tell)
            until_s = time.monotonic() + self.renew_s
            while time.monotonic() < until_s and not self.is_ending():
                await asyncio.sleep(LOOK_S)

    def _tell(self) -> str:
        """The current state, as a server-sent event."""
        try:
            with self.lock:
                shown = views.standing(self.readings.standing())
            return f"event: standing\ndata: {json.dumps(views.fragment('standing', **shown))}\n\n"
        except EXPECTED as error:
            return f"event: trouble\ndata: {json.dumps(sentence(error))}\n\n"


def console(
    readings: Readings, door: Door, renew_s: float, is_ending: Callable[[], bool]
) -> ASGIApp:
    """The whole page as an ASGI application."""
    page = Console(readings, door, renew_s, is_ending, Lock())

    def shows(here: str, tell: Callable[[Request], str]) -> Callable[[Request], Response]:
        def show(request: Request) -> Response:
            asked = request.query_params.get("name", "")
            return page.answer(here, lambda: tell(request), asked)

        return show

    async def change(request: Request) -> Response:
        form = await _form(request)
        return await run_in_threadpool(page.answer, "change", lambda: page.change(form))

    routes = [
        Route("/", shows("now", page.now)),
        Route("/live", page.live),
        Route("/environments", shows("environments", page.environments)),
        Route("/trace", shows("trace", page.trace)),
        Route("/events", shows("events", page.events)),
        Route("/missing", shows("events", page.missing)),
        Route("/dead-letters", shows("dead-letters", page.letters)),
        Route("/dead-letters/{name}", shows("dead-letters", page.letter)),
        Route("/cases", shows("cases", page.cases)),
        Route("/cases/{name}", shows("cases", page.case)),
        Route("/docs/{name:path}", shows("runbook", page.document)),
        Route("/change", change, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guarded(Starlette(routes=routes), door)


async def _form(request: Request) -> Mapping[str, str]:
    """The members of a form; a form that is too long has none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
