"""The circuit breaker: while a destination fails, only one probe at a time is sent to it.

    closed ──failures in a row──▶ open ──pause over──▶ half open ──probe succeeds──▶ closed
                                   ▲                      │
                                   ╰─────probe fails──────╯   the pause grows with the outage

If the probe's request turns out to be settled already, the next message gets the probe.

The ledger has one item per destination, read occasionally and written only after a failure. An open
breaker defers messages before they cost a request, a slot or an attempt; they wait in the queue,
hidden by their visibility timeout. Failures are those of the destination: no connection, no answer,
5xx, no token, no permission. A 429 is none; but one that is not about the client's own window (a
daily limit, a limit of that resource) pauses the destination for as long as it says, and then one
probe goes first as well. If the probe is told to wait again, the pauses grow: a destination that
says "in a second" for two hours is not probed every second.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from lambdas.relay.kernel.breakers import DestinationBreaker
from lambdas.relay.kernel.limits import BREAKER_FRESH_S
from lambdas.relay.kernel.ports import Entropy, Ledger
from lambdas.relay.ledger.shared import Shared, SharedState

#: messages that come back during a probe come again after this
PROBE_RESULT_S = 5.0
DEFAULT = DestinationBreaker()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Circuit(Shared):
    """The state of one destination's breaker. Times are milliseconds, 0 for never."""

    failures: int = 0
    refusals: int = 0
    #: since when the breaker is open; 0: it is closed
    opened_at_ms: int = 0
    open_until_ms: int = 0
    probe_until_ms: int = 0
    #: Genesys asked for a pause until then
    rest_until_ms: int = 0
    #: since when it has been asking for one pause after another
    resting_since_ms: int = 0

    @property
    def is_open(self) -> bool:
        return self.opened_at_ms > 0

    @property
    def is_tried(self) -> bool:
        """When one request may probe whether others can follow: after the breaker's or Genesys'
        pause."""
        return self.is_open or self.rest_until_ms > 0

    @property
    def rest_left(self) -> "Circuit":
        """Genesys' pause alone, as long as no request sent after it has been answered."""
        if self.probe_until_ms:
            return Circuit()
        return Circuit(rest_until_ms=self.rest_until_ms, resting_since_ms=self.resting_since_ms)


def turned_away_s(circuit: Circuit, now_ms: int) -> float:
    """How long a message must wait; 0: it may be sent, as a probe if the breaker is open."""
    until_ms = max(circuit.rest_until_ms, circuit.open_until_ms if circuit.is_open else 0)
    if now_ms < until_ms:
        return (until_ms - now_ms) / 1000
    if circuit.is_tried and now_ms < circuit.probe_until_ms:
        return min(PROBE_RESULT_S, (circuit.probe_until_ms - now_ms) / 1000)
    return 0


def probing(circuit: Circuit, until_ms: int) -> Circuit:
    """A probe is in progress until that time."""
    return replace(circuit, probe_until_ms=until_ms) if circuit.is_tried else circuit


def handed_back(circuit: Circuit, until_ms: int) -> Circuit:
    """That probe was not used: the next message may probe."""
    is_mine = circuit.is_tried and circuit.probe_until_ms == until_ms
    return replace(circuit, probe_until_ms=0) if is_mine else circuit


def failed(circuit: Circuit, now_ms: int, limits: DestinationBreaker = DEFAULT) -> Circuit:
    """After a failure. One that was in progress when the breaker opened changes nothing."""
    failures = circuit.failures + 1
    if circuit.is_open:
        if not circuit.probe_until_ms:
            return circuit
        age_s = (now_ms - circuit.opened_at_ms) / 1000
        return replace(circuit, open_until_ms=now_ms + _ms(limits.pause_s(age_s)), probe_until_ms=0)
    if failures < limits.failures:
        return replace(circuit, failures=failures, probe_until_ms=0)
    return opened(replace(circuit, failures=failures), now_ms, limits)


def refused(
    circuit: Circuit, now_ms: int, *, alone: bool, limits: DestinationBreaker = DEFAULT
) -> Circuit:
    """After a refusal: the destination is up. But if single events (`alone`) are refused many times
    in a row without any acceptance, the mapping or the schema is wrong, and continuing would send
    everything to review."""
    refusals = circuit.refusals + alone
    if refusals < limits.refusals:
        return replace(circuit.rest_left, refusals=refusals)
    circuit = replace(circuit, refusals=refusals)
    if circuit.is_open:
        return failed(circuit, now_ms, limits)
    return opened(circuit, now_ms, limits)


def opened(circuit: Circuit, now_ms: int, limits: DestinationBreaker = DEFAULT) -> Circuit:
    return replace(
        circuit,
        opened_at_ms=now_ms,
        open_until_ms=now_ms + _ms(limits.pause_min_s),
        probe_until_ms=0,
    )


def succeeded(circuit: Circuit) -> Circuit:
    """After an answer that accepted something."""
    return circuit.rest_left


def rested(
    circuit: Circuit, now_ms: int, seconds: float, limits: DestinationBreaker = DEFAULT
) -> Circuit:
    """Genesys asked for a pause, after which one request goes first."""
    since_ms = circuit.resting_since_ms or now_ms
    if circuit.probe_until_ms:
        seconds = max(seconds, limits.pause_s((now_ms - since_ms) / 1000))
    return replace(
        circuit,
        rest_until_ms=max(circuit.rest_until_ms, now_ms + _ms(seconds)),
        resting_since_ms=since_ms,
        probe_until_ms=0,
    )


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def name_of(destination: str) -> str:
    return f"breaker#{destination}"


class CircuitBreaker:
    """One instance's view of all destinations. Raises Transient if the ledger does not answer."""

    def __init__(
        self, ledger: Ledger, entropy: Entropy, limits: DestinationBreaker = DEFAULT
    ) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._limits = limits
        self._seen: dict[str, tuple[int, Circuit]] = {}
        #: until when this instance's probe is in progress
        self._probes: dict[str, int] = {}

    def turned_away_s(self, destination: str, now_ms: int) -> float:
        """How long to wait before a request to a destination; 0: call `admit`."""
        return turned_away_s(self._circuit(destination, now_ms), now_ms)

    def admit(self, destination: str, now_ms: int, until_ms: int) -> float:
        """0 if a request may be sent now, whose result is reported by `until_ms`; else the seconds
        to wait. When the pause is over, only one caller gets the probe."""
        if not self._circuit(destination, now_ms).is_tried:
            return turned_away_s(self._circuit(destination, now_ms), now_ms)

        def decide(circuit: Circuit) -> tuple[Circuit, float]:
            wait = turned_away_s(circuit, now_ms)
            return (circuit, wait) if wait else (probing(circuit, until_ms), 0)

        wait = self._change(destination, now_ms, decide)
        if not wait and self._circuit(destination, now_ms).is_tried:
            self._probes[destination] = until_ms
        return wait

    def is_open(self, destination: str, now_ms: int) -> bool:
        """Whether it fails for all requests, as far as this instance knows."""
        return self._circuit(destination, now_ms).is_open

    def hand_back(self, destination: str, now_ms: int) -> None:
        """Gives up the probe if this instance still has it. A copy of a message that is already
        done sends no request: if it kept the probe, many of them would keep the breaker open for
        ever. Without a probe this costs nothing."""
        until_ms = self._probes.pop(destination, 0)
        if until_ms:
            self._note(destination, now_ms, lambda circuit: handed_back(circuit, until_ms))

    def failed(self, destination: str, now_ms: int) -> bool:
        """Records a failure; True if it opened the breaker."""
        return self._note(
            destination, now_ms, lambda circuit: failed(circuit, now_ms, self._limits)
        )

    def refused(self, destination: str, now_ms: int, *, alone: bool) -> bool:
        """Records a refusal, of an event `alone` or several; True if it opened the breaker."""

        def after(circuit: Circuit) -> Circuit:
            return refused(circuit, now_ms, alone=alone, limits=self._limits)

        known = self._circuit(destination, now_ms)
        return after(known) != known and self._note(destination, now_ms, after)

    def succeeded(self, destination: str, now_ms: int) -> None:
        """Records a success. Writes only if this instance knows of failures."""
        known = self._circuit(destination, now_ms)
        if succeeded(known) != known:
            self._note(destination, now_ms, succeeded)

    def rest(self, destination: str, now_ms: int, seconds: float) -> None:
        """No request is sent to this destination before that time."""
        self._note(
            destination, now_ms, lambda circuit: rested(circuit, now_ms, seconds, self._limits)
        )

    def _circuit(self, destination: str, now_ms: int) -> Circuit:
        seen = self._seen.get(destination)
        if seen is not None and now_ms < seen[0] + _ms(BREAKER_FRESH_S):
            return seen[1]
        circuit = self._shared(destination).read()
        self._seen[destination] = (now_ms, circuit)
        return circuit

    def _note(self, destination: str, now_ms: int, after: Callable[[Circuit], Circuit]) -> bool:
        """True if it opened the breaker."""

        def decide(circuit: Circuit) -> tuple[Circuit, bool]:
            changed = after(circuit)
            return changed, changed.is_open and not circuit.is_open

        return self._change(destination, now_ms, decide)

    def _change(
        self, destination: str, now_ms: int, decide: Callable[[Circuit], tuple[Circuit, T]]
    ) -> T:
        def decided(circuit: Circuit) -> tuple[Circuit, tuple[Circuit, T]]:
            after, answer = decide(circuit)
            return after, (after, answer)

        after, answer = self._shared(destination).change(decided)
        self._seen[destination] = (now_ms, after)
        return answer

    def _shared(self, destination: str) -> SharedState[Circuit]:
        return shared_circuit(self._ledger, self._entropy, destination)


def shared_circuit(ledger: Ledger, entropy: Entropy, destination: str) -> SharedState[Circuit]:
    """The state of a destination that all writers share."""
    return SharedState(Circuit, ledger, entropy, name_of(destination))
