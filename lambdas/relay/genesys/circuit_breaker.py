"""The circuit breaker: while a destination fails, nobody asks it but one probe at a time.

    closed ──failures in a row──▶ open ──pause over──▶ half open ──probe succeeds──▶ closed
                                   ▲                      │
                                   ╰─────probe fails──────╯   the pause grows with the outage

A probe that asks nothing, since its request was settled long ago, goes to the next who comes.

One item of the ledger per destination, read now and then, written only when something fails. An
open breaker turns messages away before they cost a request, a slot or an attempt; they wait as
visibility time. What counts as failure is the neighbour's: no connection, no answer, 5xx, no
token, no permission. A 429 does not, but one that is not the client's own window (a daily limit,
a limit of that resource) lets the destination rest for as long as it says; then one probe goes
first as well. Where the probe is only told to wait again, the rests grow as the pauses do: who says
"in a second" for two hours is not asked every second.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from lambdas.relay.kernel.breakers import DestinationBreaker
from lambdas.relay.kernel.limits import BREAKER_FRESH_S
from lambdas.relay.kernel.ports import Entropy, Ledger
from lambdas.relay.ledger.shared import Shared, SharedState

#: those who come back during a probe come again after this
PROBE_RESULT_S = 5.0
DEFAULT = DestinationBreaker()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Circuit(Shared):
    """What is known of one destination's health. Times are milliseconds, 0 for never."""

    failures: int = 0
    refusals: int = 0
    #: since when the breaker is open; 0: it is closed
    opened_at_ms: int = 0
    open_until_ms: int = 0
    probe_until_ms: int = 0
    #: Genesys asked for a rest until then
    rest_until_ms: int = 0
    #: since when it has been asking for one rest after another
    resting_since_ms: int = 0

    @property
    def is_open(self) -> bool:
        return self.opened_at_ms > 0

    @property
    def is_tried(self) -> bool:
        """When the pause or the rest is over, one request shows whether others may follow."""
        return self.is_open or self.rest_until_ms > 0

    @property
    def rest_left(self) -> "Circuit":
        """The rest alone, as far as no request that went after it has been answered."""
        if self.probe_until_ms:
            return Circuit()
        return Circuit(rest_until_ms=self.rest_until_ms, resting_since_ms=self.resting_since_ms)


def turned_away_s(circuit: Circuit, now_ms: int) -> float:
    """How long a message is to stay away; 0: it may be sent, as a probe where the circuit is
    open."""
    until_ms = max(circuit.rest_until_ms, circuit.open_until_ms if circuit.is_open else 0)
    if now_ms < until_ms:
        return (until_ms - now_ms) / 1000
    if circuit.is_tried and now_ms < circuit.probe_until_ms:
        return min(PROBE_RESULT_S, (circuit.probe_until_ms - now_ms) / 1000)
    return 0


def probing(circuit: Circuit, until_ms: int) -> Circuit:
    """Somebody asks, and answers for it until that moment."""
    return replace(circuit, probe_until_ms=until_ms) if circuit.is_tried else circuit


def handed_back(circuit: Circuit, until_ms: int) -> Circuit:
    """The probe of that moment asked nothing: the next one may."""
    is_mine = circuit.is_tried and circuit.probe_until_ms == until_ms
    return replace(circuit, probe_until_ms=0) if is_mine else circuit


def failed(circuit: Circuit, now_ms: int, limits: DestinationBreaker = DEFAULT) -> Circuit:
    """After a failure. One that was under way when the breaker opened changes nothing."""
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
    """After a refusal: the destination is up. But where events are refused `alone` many times in
    a row, and nothing is accepted between, it is the mapping or the schema that is wrong, and
    going on would send everything to review."""
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
    """After an answer that accepts anything."""
    return circuit.rest_left


def rested(
    circuit: Circuit, now_ms: int, seconds: float, limits: DestinationBreaker = DEFAULT
) -> Circuit:
    """Genesys asked for a rest, after which one request goes first."""
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
    """One instance's view of all destinations. Raises Transient where the ledger is silent."""

    def __init__(
        self, ledger: Ledger, entropy: Entropy, limits: DestinationBreaker = DEFAULT
    ) -> None:
        self._ledger = ledger
        self._entropy = entropy
        self._limits = limits
        self._seen: dict[str, tuple[int, Circuit]] = {}
        #: until when this instance answers for a probe
        self._probes: dict[str, int] = {}

    def turned_away_s(self, destination: str, now_ms: int) -> float:
        """How long to stay away from a destination; 0: `admit` may be asked."""
        return turned_away_s(self._circuit(destination, now_ms), now_ms)

    def admit(self, destination: str, now_ms: int, until_ms: int) -> float:
        """0 for who may send a request now and will have told how it went by `until_ms`, else
        the seconds to stay away. Of all who come when the pause is over, one gets the probe."""
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
        """Whether it fails for everybody, as far as this instance knows."""
        return self._circuit(destination, now_ms).is_open

    def hand_back(self, destination: str, now_ms: int) -> None:
        """Gives the probe to others, where this instance has it still. A copy of a message that was
        done long ago asks nothing: were it to keep the probe, many of them would keep the breaker
        open for ever. Costs nothing where there was no probe."""
        until_ms = self._probes.pop(destination, 0)
        if until_ms:
            self._note(destination, now_ms, lambda circuit: handed_back(circuit, until_ms))

    def failed(self, destination: str, now_ms: int) -> bool:
        """Notes a failure; True where it opened the breaker."""
        return self._note(
            destination, now_ms, lambda circuit: failed(circuit, now_ms, self._limits)
        )

    def refused(self, destination: str, now_ms: int, *, alone: bool) -> bool:
        """Notes a refusal, of events `alone` or together; True where it opened the breaker."""

        def after(circuit: Circuit) -> Circuit:
            return refused(circuit, now_ms, alone=alone, limits=self._limits)

        known = self._circuit(destination, now_ms)
        return after(known) != known and self._note(destination, now_ms, after)

    def succeeded(self, destination: str, now_ms: int) -> None:
        """Notes a success. Costs a write only where this instance knows of trouble."""
        known = self._circuit(destination, now_ms)
        if succeeded(known) != known:
            self._note(destination, now_ms, succeeded)

    def rest(self, destination: str, now_ms: int, seconds: float) -> None:
        """Nobody asks this destination before that."""
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
        """True where it opened the breaker."""

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
    """What all writers know of a destination."""
    return SharedState(Circuit, ledger, entropy, name_of(destination))
