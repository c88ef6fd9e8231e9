"""`relay audit`: events that Genesys has on record and that never reached the relay."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from lambdas.adapters.clock import SystemEntropy
from lambdas.adapters.credentials import SecretsManagerSecrets
from lambdas.adapters.settings import Settings
from lambdas.relay.audit.auditing import Audit, Deps, audit, quota
from lambdas.relay.audit.comparison import Cause, Gap, bar
from lambdas.relay.audit.gathering import Analytics, Period
from lambdas.relay.genesys.client import Genesys
from lambdas.relay.genesys.rate_limiter import RateLimiter
from lambdas.relay.kernel.limits import HORIZON_S
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.routes.configuration import Configuration
from ops import archives, deployed
from ops.connection import CLOCK, Relay
from ops.errors import OpsError
from ops.http import operators_http
from ops.screen import Screen, plural
from ops.session import session_of

#: the default period
USUAL = timedelta(days=1)
#: the number of sections in the bar
SLOTS = 48
#: how many conversations are listed; --json lists all
NAMED = 5

WHY: Mapping[Cause, str] = {
    "everything": (
        "nothing arrived at all: the integration was inactive, its event source was not associated "
        "with the bus, or AWS accepted nothing for more than four days"
    ),
    "topic": (
        "nothing of this type arrived, while others did: the topic is missing from the integration"
    ),
    "single": (
        "single events among others that arrived: lost on the way, or quarantined here (`relay "
        "review list`)"
    ),
}


def show_audit(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--from", help="Start of the period, ISO 8601; default: a day ago.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", help="End of the period, exclusive; default: now.")
    ] = "",
) -> None:
    """Events that Genesys has on record and that never reached the relay. Changes nothing. Its
    requests count against the rate limit; it uses at most half of that. Exit code 1 if events are
    missing."""
    session = session_of(context)
    found = audited(session.relay, period(since, until, CLOCK.now_ms()))
    session.screen.document(document(found))
    show(found, session.screen)
    if found.comparison.missing:
        raise typer.Exit(1)


def period(since: str, until: str, now_ms: int) -> Period:
    """The period from the command line. Raises OpsError."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = archives.moment(since) if since else now - USUAL
    last = archives.moment(until) if until else now
    if first >= last:
        raise OpsError("--from must be earlier than --to.")
    if first < now - timedelta(seconds=HORIZON_S):
        raise OpsError(
            f"The ledger covers the last {HORIZON_S // 86_400} days only: choose a later --from."
        )
    return Period(int(first.timestamp() * 1000), int(last.timestamp() * 1000))


def audited(relay: Relay, asked: Period, sleep: Callable[[float], None] = time.sleep) -> Audit:
    """Raises OpsError or Transient."""

    def wait(seconds: float) -> bool:
        sleep(seconds)
        return True

    configuration = deployed.configuration(relay)
    analytics = Analytics(genesys_of(relay, configuration), CLOCK, wait)
    deps = Deps(analytics, relay.ledger, configuration)
    return audit(asked, deps, CLOCK.now_ms())


def genesys_of(relay: Relay, configuration: Configuration) -> Genesys:
    """Genesys, with the functions' OAuth client and rate limit, half of which is left to them."""
    told = Settings(relay.settings, Path())
    limited = quota(told.requests_per_minute, told.headroom, has_lanes=configuration.has_lanes)
    return Genesys(
        http=operators_http(),
        secrets=SecretsManagerSecrets(relay.secrets, relay.output("GenesysSecretName")),
        clock=CLOCK,
        rate_limiter=RateLimiter(relay.ledger, SystemEntropy(), limited),
        api_url=told.api_url,
        login_url=told.login_url,
    )


def document(found: Audit) -> dict[str, Any]:
    """For JSON output."""
    compared = found.comparison
    drawn = bar(compared, found.period.since_ms, found.period.until_ms, SLOTS)
    return {
        "from": iso(found.period.since_ms),
        "to": iso(found.period.until_ms),
        "conversations": found.conversations,
        "expected": len(compared.expected),
        "missing": len(compared.missing),
        "missing_conversations": len(compared.conversations),
        "gaps": [
            {
                "cause": gap.cause,
                "says": WHY[gap.cause],
                "from": iso(gap.since_ms),
                "to": iso(gap.until_ms),
                "topics": gap.types,
                "conversations": gap.conversations,
                "events": [
                    {
                        "topic": event.topic,
                        "session": event.session_id,
                        "at": iso(event.at_ms),
                    }
                    for event in gap.missing
                ],
            }
            for gap in compared.gaps
        ],
        "bar": [{"expected": count, "missing": gone} for count, gone in drawn],
    }


def show(found: Audit, screen: Screen) -> None:
    """For people."""
    compared, judged = found.comparison, found.period
    if judged.since_ms >= judged.until_ms:
        screen.say("It is too early to tell: events may take up to an hour to arrive.")
        return
    screen.say(
        f"{iso(judged.since_ms)} to {iso(judged.until_ms)}: Genesys has "
        f"{plural(found.conversations, 'conversation')}, with "
        f"{plural(len(compared.expected), 'event')} that routes take."
    )
    if not compared.missing:
        screen.say("All of them arrived.", "green")
        return
    screen.say(drawing(bar(compared, judged.since_ms, judged.until_ms, SLOTS)))
    screen.say("█ all arrived  ▒ some are missing  ░ all are missing  · none expected")
    for gap in compared.gaps:
        screen.say("")
        for line in lines_of(gap):
            screen.say(line)
    screen.say("")
    screen.say(
        f"{plural(len(compared.missing), 'event')} of "
        f"{plural(len(compared.conversations), 'conversation')} never arrived. `relay "
        "replay-archive` restores those that reached the bus; `relay backfill` makes the others. "
        "Runbook: Backfill missing events.",
        "yellow",
    )


def lines_of(gap: Gap) -> list[str]:
    """A gap, as text."""
    names = gap.conversations
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return [
        f"{iso(gap.since_ms)} to {iso(gap.until_ms)}: {plural(len(gap.missing), 'event')}, "
        f"{WHY[gap.cause]}",
        f"  topics         {', '.join(gap.types)}",
        f"  conversations  {', '.join(names[:NAMED])}{more}",
    ]


def drawing(drawn: Sequence[tuple[int, int]]) -> str:
    """The period as a line of characters."""
    return "".join(map(_mark, drawn))


def _mark(slot: tuple[int, int]) -> str:
    expected, missing = slot
    if not expected:
        return "·"
    if not missing:
        return "█"
    return "░" if missing == expected else "▒"
