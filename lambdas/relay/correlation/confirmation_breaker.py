"""The confirmation breaker: when a destination's events stop altogether, Genesys is not asked about
each request.

A window without an event usually means one lost event, and Genesys is asked about it. When most
windows end so, delivery of events is broken or delayed, and a query per request would use up the
writers' rate limit. So this breaker counts windows:

    closed ──most windows end without an event──▶ open ──pause over──▶ one question
      ▲                                             ▲                        │
      ├──────────── an event comes, or Genesys answers the question ─────────┤
                                                    ╰──── no answer ─────────╯

While it is open, windows are extended. The ledger has one item per destination, written when a
window ends without an event, and once for several that ended with one.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from lambdas.relay.kernel.breakers import SilenceBreaker
from lambdas.relay.kernel.ports import Entropy, Ledger
from lambdas.relay.ledger.shared import Shared, SharedState

#: windows that ended with an event are reported in groups of this size
REPORTED_AT_ONCE = 20
DEFAULT = SilenceBreaker()


@dataclass(frozen=True, slots=True)
class ConfirmationCircuit(Shared):
    """What is known of one destination's windows. Times are milliseconds, 0 for never."""

    period: int = 0
    silent: int = 0
    heard: int = 0
    open_until_ms: int = 0
    probe_until_ms: int = 0

    @property
    def is_open(self) -> bool:
        return self.open_until_ms > 0


#: ask: the breaker is closed; probe: it is open, and this query decides; wait: neither
Permission = Literal["ask", "probe", "wait"]


def ended_silent(
    circuit: ConfirmationCircuit, now_ms: int, heard: int, limits: SilenceBreaker = DEFAULT
) -> tuple[ConfirmationCircuit, Permission]:
    """A window ended without an event, `heard` others with one since the last report."""
    if heard:
        circuit = replace(circuit, open_until_ms=0, probe_until_ms=0)
    if circuit.is_open:
        if now_ms < max(circuit.open_until_ms, circuit.probe_until_ms):
            return circuit, "wait"
        return replace(circuit, probe_until_ms=now_ms + limits.pause_s * 1000), "probe"
    period = now_ms // (limits.within_s * 1000)
    if circuit.period != period:
        circuit = ConfirmationCircuit(period)
    circuit = replace(circuit, silent=circuit.silent + 1, heard=circuit.heard + heard)
    windows = circuit.silent + circuit.heard
    if windows >= limits.windows and circuit.silent > windows * limits.share:
        return replace(circuit, open_until_ms=now_ms + limits.pause_s * 1000), "wait"
    return circuit, "ask"


def closed(circuit: ConfirmationCircuit) -> ConfirmationCircuit:
    """Events arrive again, or Genesys answered."""
    return ConfirmationCircuit(circuit.period) if circuit.is_open else circuit


class ConfirmationBreaker:
    """One instance's view of all destinations' breakers. Raises Transient."""

    def __init__(self, ledger: Ledger, entropy: Entropy, limits: SilenceBreaker = DEFAULT) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._limits = limits
        self._heard: Counter[str] = Counter()

    def heard(self, destination: str) -> None:
        """An event came in time. Writes once per group."""
        self._heard[destination] += 1
        if self._heard[destination] >= REPORTED_AT_ONCE:
            heard = self._heard.pop(destination)
            self._shared(destination).change(lambda circuit: (_with_heard(circuit, heard), None))

    def ended_silent(self, destination: str, now_ms: int) -> tuple[Permission, bool]:
        """A window ended without an event: whether to ask, and whether this opened the breaker."""
        heard = self._heard.pop(destination, 0)

        def decide(
            before: ConfirmationCircuit,
        ) -> tuple[ConfirmationCircuit, tuple[Permission, bool]]:
            after, permission = ended_silent(before, now_ms, heard, self._limits)
            return after, (permission, after.is_open and not before.is_open)

        return self._shared(destination).change(decide)

    def answered(self, destination: str) -> None:
        """The probe was answered."""
        self._shared(destination).change(lambda circuit: (closed(circuit), None))

    def _shared(self, destination: str) -> SharedState[ConfirmationCircuit]:
        return shared_circuit(self._ledger, self._entropy, destination)


def shared_circuit(
    ledger: Ledger, entropy: Entropy, destination: str
) -> SharedState[ConfirmationCircuit]:
    """The shared state of a destination's windows."""
    return SharedState(ConfirmationCircuit, ledger, entropy, f"silence#{destination}")


def _with_heard(circuit: ConfirmationCircuit, heard: int) -> ConfirmationCircuit:
    circuit = closed(circuit)
    return replace(circuit, heard=circuit.heard + heard)


def is_open(ledger: Ledger, entropy: Entropy, destination: str, now_ms: int) -> bool:
    """Whether queries about this destination's requests are stopped now."""
    return now_ms < shared_circuit(ledger, entropy, destination).read().open_until_ms
