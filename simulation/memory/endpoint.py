"""The second destination as an operator's own HTTPS endpoint. It verifies every request as Standard
Webhooks describes it, recognises a repetition by its `webhook-id` if its conduct says so, and takes
a request whole."""

import base64
import hmac
from collections.abc import Mapping

from lambdas.relay.kernel.limits import Timing
from lambdas.relay.kernel.ports import Answer, NotSent, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulation import endless
from simulation.memory.faults import Fault, Faults
from simulation.memory.gate import Gate
from simulation.memory.genesys import GenesysServer, Request
from simulation.memory.timeline import Timeline

HOST = "https://endpoint.example"
SECRET = b"thirty-two bytes that both know."
#: by destination
SIGNING_KEYS: Mapping[str, str] = {"elsewhere": "whsec_" + base64.b64encode(SECRET).decode()}
#: how old a request may be, or ahead of the receiver's clock (seconds): the libraries' default
TOLERANCE_S = 300
#: of a request to it
FAULTS: tuple[Fault, ...] = (
    "not sent",
    "429 short",
    "forbidden",
    "5xx no effect",
    "5xx effect",
    "unanswered no effect",
    "unanswered effect",
    "late effect",
    "html page",
)
#: answers of a set-up that is wrong for now
WRONG = (302, 401, 403, 404, 410)
PAGE = b"<!DOCTYPE html><html><body>Thank you</body></html>"


class MemoryEndpoint:
    """Answers what is posted to HOST."""

    def __init__(
        self, server: GenesysServer, gate: Gate, faults: Faults, timeline: Timeline, timing: Timing
    ) -> None:
        self._server = server
        self._gate = gate
        self._faults = faults
        self._timeline = timeline
        self._timing = timing

    def post(
        self, path: str, headers: Mapping[str, str], body: bytes
    ) -> Answer | NotSent | Unanswered:
        fault = self._faults.one_of(FAULTS)
        if fault == "not sent":
            return NotSent(Code.NO_CONNECTION())
        webhook_id = headers["webhook-id"]
        if not is_genuine(headers, body, self._timeline.now_ms // 1000):
            self._server.forged.append(f"request {webhook_id} has a signature that is not its own")
            return Answer(401, {}, b"")
        request = Request(path, webhook_id, webhook_id, "", body)
        self._server.arrive(request)
        ceased = self._server.ceased.of(path, body)
        if ceased is not None:
            return endless.answer(ceased) or self._silence()
        match fault:
            case "429 short":
                return Answer(429, {"Retry-After": str(int(self._faults.fraction() * 30))}, b"")
            case "forbidden":
                return Answer(WRONG[int(self._faults.fraction() * len(WRONG))], {}, PAGE)
            case "5xx no effect":
                pauses = {"Retry-After": "20"} if self._faults.fraction() < 0.5 else {}
                return Answer(503, pauses, b"")
            case "unanswered no effect":
                return self._silence()
            case "late effect":
                return self._late(request)
        answer = self._server.carry_out(request, None)
        match fault:
            case "5xx effect":
                return Answer(502, {}, PAGE)
            case "unanswered effect":
                return self._silence()
        if answer.status != 200:
            return answer
        return Answer(200, {}, PAGE) if fault == "html page" else Answer(204, {}, b"")

    def _silence(self) -> Unanswered:
        self._gate.wait("endpoint.silence", self._timing.request_timeout_s)
        return Unanswered(Code.QUOTED("no answer"))

    def _late(self, request: Request) -> Unanswered:
        """Takes effect after the client has given up, by `late_effect_s` at most (R1)."""
        late_s = self._faults.fraction() * self._timing.late_effect_s
        self._timeline.after(
            self._timing.request_timeout_s + late_s,
            lambda: _nobody_hears(self._server.carry_out(request, None)),
        )
        return self._silence()


def is_genuine(headers: Mapping[str, str], body: bytes, now_s: int) -> bool:
    """Whether the signature is of this id, this time and this body, and the time is now."""
    at_s = headers["webhook-timestamp"]
    said = f"{headers['webhook-id']}.{at_s}.".encode() + body
    mac = base64.b64encode(hmac.new(SECRET, said, "sha256").digest()).decode()
    is_signed = f"v1,{mac}" in headers["webhook-signature"].split(" ")
    return is_signed and abs(now_s - int(at_s)) <= TOLERANCE_S


def _nobody_hears(answer: Answer) -> None:
    """The client has gone."""
