"""The second destination as an AWS service: it takes records one by one, or refuses a whole call
for one of them. It does not recognise repetitions, and its effects are counted with those in
Genesys."""

import json
from collections.abc import Sequence

from lambdas.relay.kernel.limits import Timing
from lambdas.relay.kernel.ports import Answer, Busy, NotSent, Record, Rejected, Taken, Unanswered
from lambdas.relay.kernel.reasons import Code
from simulation.memory.faults import Fault, Faults
from simulation.memory.gate import Gate
from simulation.memory.genesys import GenesysServer, Request

Said = Taken | Busy | NotSent | Rejected | Unanswered

#: faults of a call to such a service
FAULTS: tuple[Fault, ...] = (
    "not sent",
    "429 short",
    "5xx no effect",
    "5xx effect",
    "unanswered no effect",
    "unanswered effect",
    "item retryable",
)
#: codes of a record that may be sent again, and of one that should not
LATER, NEVER = "InternalFailure", "InvalidParameterValue"


class MemorySink:
    """Implements relay.kernel.ports.Records."""

    def __init__(self, server: GenesysServer, gate: Gate, faults: Faults, timing: Timing) -> None:
        self._server = server
        self._gate = gate
        self._faults = faults
        self._timing = timing

    def put(self, where: str, records: Sequence[Record]) -> Said:
        self._gate.step("records.put")
        answer = self._answer(where, records)
        self._gate.step("records.put answered")
        return answer

    def _answer(self, where: str, records: Sequence[Record]) -> Said:
        fault = self._faults.one_of(FAULTS)
        if fault == "not sent":
            return NotSent(Code.NO_CONNECTION())
        batch_id = records[0].id.partition(".")[0]
        body = json.dumps({"entities": [json.loads(record.text) for record in records]}).encode()
        request = Request(where, batch_id, batch_id, "", body)
        self._server.arrive(request)
        match self._server.ceased.of(where, body) or fault:
            case "unreachable" | "forbids":
                return NotSent(Code.NO_CONNECTION())
            case "limits" | "429 short":
                return Busy(Code.QUOTED("Throttling"))
            case "silent" | "unanswered no effect" | "5xx no effect":
                return self._silence()
        index = int(self._faults.fraction() * 1000) if fault == "item retryable" else None
        answer = self._server.carry_out(request, index)
        if fault in ("unanswered effect", "5xx effect"):
            return self._silence()
        if answer.status == 400:
            return Rejected(Code.CALL_FAILED(where, "400 ValidationException"))
        return Taken(_codes(answer, len(records)))

    def _silence(self) -> Unanswered:
        self._gate.wait("records.silence", self._timing.request_timeout_s)
        return Unanswered(Code.QUOTED("no answer"))


def _codes(answer: Answer, count: int) -> Sequence[str]:
    """The result for each record; "": it was accepted."""
    codes = [""] * count
    for failure in json.loads(answer.body)["unprocessedEntities"]:
        codes[failure["originalRequestIndex"]] = LATER if failure["isRetryable"] else NEVER
    return codes
