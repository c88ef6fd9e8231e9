"""audit: once a day, finds events that Genesys has on record and that never reached the relay. It
changes nothing."""

from dataclasses import dataclass

from lambdas.relay.audit.auditing import UNDER_WAY_S, Deps, audit
from lambdas.relay.audit.gathering import Patience, Period
from lambdas.relay.kernel.limits import HOUR_S
from lambdas.relay.kernel.ports import Clock, Telemetry


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a run: only counts, no ids."""

    #: the period that could be judged
    since_ms: int
    until_ms: int
    conversations: int
    #: events that routes would have taken, and how many are missing
    expected: int
    missing: int
    missing_conversations: int


def audit_lately(deps: Deps, hours: int, clock: Clock, telemetry: Telemetry) -> Result:
    """Audits the last hours whose events should all have arrived. Raises Transient."""
    now_ms = clock.now_ms()
    until_ms = now_ms - UNDER_WAY_S * 1000
    found = audit(Period(until_ms - hours * HOUR_S * 1000, until_ms), deps, now_ms)
    compared = found.comparison
    telemetry.count("MissingConversations", len(compared.conversations))
    for gap in compared.gaps:
        telemetry.note(
            "gap",
            reason=gap.cause,
            since_ms=gap.since_ms,
            until_ms=gap.until_ms,
            events=len(gap.missing),
            topic=", ".join(gap.types),
        )
    return Result(
        found.period.since_ms,
        found.period.until_ms,
        found.conversations,
        len(compared.expected),
        len(compared.missing),
        len(compared.conversations),
    )


def patience(clock: Clock, until_ms: int) -> Patience:
    """Waits if the invocation has enough time left."""

    def wait(seconds: float) -> bool:
        if clock.now_ms() + seconds * 1000 > until_ms:
            return False
        clock.sleep(seconds)
        return True

    return wait
