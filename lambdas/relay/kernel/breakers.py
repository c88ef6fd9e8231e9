"""The settings of the three breakers; an environment may override the defaults.

`relations` lists what must hold between these numbers and others, as sentences; a configuration
that violates one is refused before deployment.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lambdas.relay.kernel import limits

#: in an outage of up to this many seconds, waiting messages do not become dead letters
OUTAGE_S = 20 * limits.HOUR_S


@dataclass(frozen=True, slots=True)
class DestinationBreaker:
    """While a destination fails, only one probe at a time is sent to it."""

    #: failures in a row that open it, of all writers together
    failures: int = limits.FAILURES_MAX
    #: single events refused in a row that open it
    refusals: int = limits.REFUSALS_MAX
    #: the time between two probes: at least and at most, in seconds, and as a share of the outage's
    #: age
    pause_min_s: float = limits.PROBE_PAUSE_MIN_S
    pause_max_s: float = limits.PROBE_PAUSE_MAX_S
    pause_share: float = limits.PROBE_PAUSE_SHARE

    def pause_s(self, outage_age_s: float) -> float:
        """The time between two probes: a share of the outage's age, so that the delay in noticing a
        recovery stays small compared with the outage."""
        return min(self.pause_max_s, max(self.pause_min_s, outage_age_s * self.pause_share))

    def probes_of(self, outage_s: float) -> int:
        """How often a waiting message comes back during an outage."""
        age_s, probes = 0.0, 0
        while age_s < outage_s:
            age_s += self.pause_s(age_s)
            probes += 1
        return probes


@dataclass(frozen=True, slots=True)
class LedgerBreaker:
    """While the ledger answers too slowly, calls to it are paused."""

    #: a call that takes this many seconds is slow
    slow_s: float = limits.LEDGER_SLOW_S
    #: this many slow calls in a row open it
    calls: int = limits.LEDGER_SLOW_CALLS_MAX
    #: seconds; doubles with each probe that is also slow
    pause_min_s: float = limits.LEDGER_PAUSE_MIN_S
    pause_max_s: float = limits.LEDGER_PAUSE_MAX_S


@dataclass(frozen=True, slots=True)
class SilenceBreaker:
    """While most windows end without an event, Genesys is not asked about every request."""

    #: what opens it: of at least this many windows within this many seconds, this share ended
    #: without an event
    windows: int = limits.SILENCE_WINDOWS_MIN
    within_s: int = limits.SILENCE_WITHIN_S
    share: float = limits.SILENCE_SHARE
    #: while open, one query in this many seconds
    pause_s: int = limits.SILENCE_PAUSE_S


@dataclass(frozen=True, slots=True)
class Breakers:
    destination: DestinationBreaker = field(default_factory=DestinationBreaker)
    ledger: LedgerBreaker = field(default_factory=LedgerBreaker)
    silence: SilenceBreaker = field(default_factory=SilenceBreaker)

    def relations(self) -> Iterator[tuple[str, bool]]:
        """What must hold, as a sentence for the author of a configuration, and whether it does."""
        destination, ledger, silence = self.destination, self.ledger, self.silence
        for name, one in (("destination", destination), ("ledger", ledger)):
            yield (
                f"breakers.{name}.pause_min_s is {one.pause_min_s:g}; expected at most "
                f"pause_max_s, which is {one.pause_max_s:g}",
                one.pause_min_s <= one.pause_max_s,
            )
        receives = limits.RECEIVES_MAX["writes"]
        probes = destination.probes_of(OUTAGE_S)
        yield (
            f"breakers.destination lets a waiting message come back {probes} times in an outage of "
            f"{OUTAGE_S // limits.HOUR_S} hours, and after {receives} it is a dead letter; make "
            "pause_max_s longer",
            probes < receives,
        )
        dedup_s = limits.LIVE.function_timeout_s["dedup"]
        yield (
            f"breakers.ledger takes {ledger.calls} calls of {ledger.slow_s:g} s to open, and dedup "
            f"has {dedup_s} s; make slow_s or calls less",
            ledger.calls * ledger.slow_s < dedup_s,
        )
        yield (
            f"breakers.silence.pause_s is {silence.pause_s}; expected at most within_s, which is "
            f"{silence.within_s}: what is counted would be forgotten before the next question",
            silence.pause_s <= silence.within_s,
        )
