"""HTTP to the simulated Genesys: a network on which a request, its effect and its answer can fail
separately."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.limits import HOUR_S, Timing
from lambdas.relay.kernel.ports import Answer, Credentials, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulation import endless
from simulation.memory.endpoint import HOST, MemoryEndpoint
from simulation.memory.faults import GENESYS_FAULTS, LOGIN_FAULTS, Fault, Faults
from simulation.memory.gate import Gate
from simulation.memory.genesys import ITEM_PATH, LOGIN_PATH, GenesysServer, Request, error
from simulation.memory.timeline import Timeline

#: a failure that names none of a request's items
UNNAMED: Json = {"originalRequestIndex": -1, "isRetryable": False, "statusCode": 400}
ERROR_DOCUMENT = b'{"message": "Endpoint request timed out"}'
CONFLICT_S_MAX = 2 * HOUR_S
PAGE = b"<!DOCTYPE html><html><body>Please wait</body></html>"
#: faults of a read-back (it has no effect to lose)
READ_FAULTS: tuple[Fault, ...] = (
    "not sent",
    "429 short",
    "5xx no effect",
    "unanswered no effect",
    "html page",
)


class MemoryHttp:
    """Implements relay.kernel.ports.Http."""

    def __init__(
        self,
        server: GenesysServer,
        gate: Gate,
        faults: Faults,
        timeline: Timeline,
        timing: Timing,
    ) -> None:
        self._server = server
        self._gate = gate
        self._faults = faults
        self._timeline = timeline
        self._timing = timing
        self._endpoint = MemoryEndpoint(server, gate, faults, timeline, timing)

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer | NotSent | Unanswered:
        path = urlsplit(url).path
        self._gate.step(f"http.{method}")
        if url.startswith(HOST):
            answer = self._endpoint.post(path, headers, body or b"")
            self._gate.step(f"http.{method} answered")
            return answer
        if self._timeline.now_ms < self._server.silent_until_ms:
            return self._silence()
        if path == LOGIN_PATH:
            answer = self._login(headers["Authorization"])
        elif method == "GET":
            answer = self._read(path, headers["Authorization"])
        else:
            answer = self._post(
                Request(
                    path,
                    headers.get("Idempotency-Key", ""),
                    headers.get("x-correlation-id", ""),
                    headers["Authorization"],
                    body or b"",
                )
            )
        self._gate.step(f"http.{method} answered")
        return answer

    def _silence(self) -> Unanswered:
        self._gate.wait("http.silence", self._timing.request_timeout_s)
        return Unanswered(Code.QUOTED("no answer"))

    def _login(self, authorization: str) -> Answer | NotSent | Unanswered:
        match self._faults.one_of(LOGIN_FAULTS):
            case "login 429":
                return self._too_many(1 + self._faults.fraction() * 30)
            case "login 5xx":
                return Answer(503, {}, b"")
            case "login unanswered":
                return self._silence()
            case "login page":
                return Answer(200, {}, PAGE)
            case _:
                return self._server.login(authorization, _basic(self._server.secret.credentials))

    def _read(self, path: str, bearer: str) -> Answer | NotSent | Unanswered:
        if not self._server.accepts(bearer):
            return Answer(401, {}, b"{}")
        match self._faults.one_of(READ_FAULTS):
            case "not sent":
                return NotSent(Code.NO_CONNECTION())
            case "429 short":
                return self._too_many(5)
            case "5xx no effect":
                return Answer(503, {}, b"")
            case "unanswered no effect":
                return self._silence()
            case "html page":
                return Answer(200, {"Content-Type": "text/html"}, PAGE)
            case _:
                return self._server.read_back(path.removeprefix(ITEM_PATH))

    def _post(self, request: Request) -> Answer | NotSent | Unanswered:
        fault = self._faults.one_of(GENESYS_FAULTS)
        if fault == "not sent":
            return NotSent(Code.NO_CONNECTION())
        if fault == "token revoked":
            self._server.revoke(request.bearer)
        if not self._server.accepts(request.bearer):
            return Answer(401, {}, b'{"code":"bad.credentials"}')
        self._server.arrive(request)
        ceased = self._server.ceased.of(request.path, request.body)
        if ceased is not None:
            return endless.answer(ceased) or self._silence()
        if self._server.refuses_all(request):
            return error(422, "unprocessable.entity", "the external event is not activated")
        if fault == "conflict" and self._tells_conflict(request.path):
            self._server.conflict(request.key, self._faults.fraction() * CONFLICT_S_MAX)
        if self._server.is_in_conflict(request.key):
            return error(409, "conflict", "another request changes the same conversation")
        match fault:
            case "429 short":
                return self._too_many(self._faults.fraction() * 30)
            case "429 hours":
                return self._too_many(3600 + self._faults.fraction() * 11 * 3600)
            case "429 absurd":
                return self._absurd()
            case "forbidden":
                return Answer(403, {}, b'{"code":"missing.permission"}')
            case "path gone":
                return error(404, "not.found", "no such configuration")
            case "foreign refusal":
                return Answer(400, {"Content-Type": "text/html"}, PAGE)
            case "5xx no effect":
                return Answer(503, {}, b"")
            case "unanswered no effect":
                return self._silence()
            case "late effect":
                return self._late(request)
            case _:
                return self._carry_out(request, fault)

    def _tells_conflict(self, path: str) -> bool:
        """Where a repeated key is answered 409, that status cannot mean anything else."""
        conduct = self._server.conducts.get(path)
        return conduct is None or conduct.keys != "conflict"

    def _carry_out(self, request: Request, fault: Fault | None) -> Answer | Unanswered:
        fails = fault in ("item retryable", "failure twice")
        index = int(self._faults.fraction() * 1000) if fails else None
        answer = self._server.carry_out(request, index)
        is_taken = answer.status == 200
        match fault:
            case "5xx effect":
                return Answer(502, {}, b"")
            case "unanswered effect":
                return self._silence()
            case "html page":
                return self._unread(request, Answer(200, {"Content-Type": "text/html"}, PAGE))
            case "error document":
                return self._unread(request, Answer(200, {}, ERROR_DOCUMENT))
            case "broken body" if is_taken:
                half = answer.body[: len(answer.body) // 2]
                return self._unread(request, replace(answer, body=half))
            case "failure unnamed" if is_taken:
                self._server.unclear.add(request.key)
                return with_failures(answer, lambda rows: [*rows, UNNAMED])
            case "failure twice" if is_taken:
                return with_failures(answer, lambda rows: rows * 2)
            case _:
                return answer

    def _unread(self, request: Request, answer: Answer) -> Answer:
        self._server.unread[request.key] += 1
        return answer

    def _late(self, request: Request) -> Unanswered:
        """Takes effect after the client has given up, by `late_effect_s` at most (R1)."""
        delay_s = (
            self._timing.request_timeout_s + self._faults.fraction() * self._timing.late_effect_s
        )
        self._timeline.after(
            delay_s,
            lambda: _discard(self._server.carry_out(request, None)),
        )
        return self._silence()

    def _too_many(self, seconds: float) -> Answer:
        """429, with `Retry-After` in one of the forms found in practice."""
        form = int(self._faults.fraction() * 8)
        if form == 0:
            return Answer(429, {}, b"{}")
        if form == 1:
            return Answer(429, {"Retry-After": "soon"}, b"{}")
        if form == 2:
            moment = datetime.fromtimestamp(self._timeline.now_ms / 1000 + seconds, UTC)
            return Answer(429, {"retry-after": format_datetime(moment, usegmt=True)}, b"{}")
        return Answer(429, {"Retry-After": str(int(seconds))}, b"{}")

    def _absurd(self) -> Answer:
        forms = (str(self._timeline.now_ms // 1000 + 20), "946080000", str(self._timeline.now_ms))
        said = forms[int(self._faults.fraction() * len(forms))]
        return Answer(429, {"Retry-After": said}, b"{}")


def with_failures(answer: Answer, change: Callable[[list[Json]], list[Json]]) -> Answer:
    document = json.loads(answer.body)
    document["unprocessedEntities"] = change(document["unprocessedEntities"])
    return replace(answer, body=json.dumps(document).encode())


def _basic(credentials: Credentials) -> str:
    pair = f"{credentials.client_id}:{credentials.client_secret}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _discard(answer: Answer) -> None:
    """The client has gone."""
