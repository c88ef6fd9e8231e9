"""The audit: reads Genesys' record of a period, derives the events that routes would have taken,
and finds those that were never claimed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lambdas.relay.audit.comparison import Comparison, Heard, Verdict, conclude, verdict_on
from lambdas.relay.audit.gathering import Analytics, Period
from lambdas.relay.audit.record import Expected, expected_of
from lambdas.relay.correlation.entries import entry_partition
from lambdas.relay.entrances.events import Event, read_envelope
from lambdas.relay.entrances.identities import moment
from lambdas.relay.genesys.rate_limiter import Quota
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.limits import HORIZON_S
from lambdas.relay.kernel.personal import impersonal
from lambdas.relay.kernel.ports import Ledger
from lambdas.relay.ledger.claims import owner_key
from lambdas.relay.routes.configuration import Configuration

#: how long an event may take from Genesys to its claim before it counts as missing, in seconds
UNDER_WAY_S = 3_600
#: a source for environments that accept any partner source
ANY_SOURCE = "aws.partner/genesys.com/cloud/any/any"
NOTHING_EXPECTED = Verdict((), (), (), ())


@dataclass(frozen=True, slots=True)
class Audit:
    """The result for a period; `period` is the part of it that could be judged."""

    period: Period
    #: how many conversations Genesys' record of the period has
    conversations: int
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Deps:
    analytics: Analytics
    ledger: Ledger
    configuration: Configuration
    #: whether missing events keep their bodies, which a backfill needs; after days without any
    #: event, that would be everything on record
    keeps_bodies: bool = True


def quota(per_minute: int, headroom: int, *, has_lanes: bool) -> Quota:
    """The part of the rate limit that an audit may use. It is not urgent, so it leaves half to the
    functions, and uses the last lane."""
    left = max(headroom, per_minute // 2)
    return Quota(per_minute, left, "last" if has_lanes else None)


def audit(asked: Period, deps: Deps, now_ms: int) -> Audit:
    """Raises Transient."""
    judged = Period(
        max(asked.since_ms, now_ms - HORIZON_S * 1000),
        min(asked.until_ms, now_ms - UNDER_WAY_S * 1000),
    )
    if judged.since_ms >= judged.until_ms:
        return Audit(judged, 0, conclude(()))
    period = deps.analytics.known(judged)
    # Each conversation is judged when it is read, and only its missing events are kept whole.
    verdicts: dict[str, Verdict] = {}
    for conversation in deps.analytics.conversations(period):
        name = str(conversation.get("conversationId"))
        told = dict.fromkeys(expected_events(conversation, period, deps.configuration))
        if name in verdicts:
            told |= dict.fromkeys(verdicts[name].events)
        verdicts[name] = _verdict(name, told, deps) if told else NOTHING_EXPECTED
    return Audit(period, len(verdicts), conclude(verdicts.values()))


def _verdict(conversation_id: str, told: Iterable[Expected], deps: Deps) -> Verdict:
    """The verdict on one conversation. Raises Transient."""
    came = heard(conversation_id, deps.ledger)
    known = partial(identity_of, configuration=deps.configuration)
    found = verdict_on(told, came, known)
    ours = _ours(found.missing, deps)
    if ours:
        found = verdict_on((event for event in told if event not in ours), came, known)
    return found if deps.keeps_bodies else found.bare


def expected_events(
    conversation: Mapping[str, Any], period: Period, configuration: Configuration
) -> list[Expected]:
    """The events of a conversation within the period that some route takes."""
    told = expected_of(conversation)
    return [event for event in told if event.at_ms in period and _is_wanted(event, configuration)]


def _is_wanted(event: Expected, configuration: Configuration) -> bool:
    """Whether intake would take it; a condition that cannot be evaluated on Genesys' record is
    ignored."""
    try:
        read = _as_event(event, configuration)
        return any(route.wants(read) for route in configuration.routes_of(read))
    except Malformed:
        return False


def _as_event(event: Expected, configuration: Configuration) -> Event:
    source = configuration.reader.partner_source or ANY_SOURCE
    return read_envelope(event.envelope(source, ""), event.at_ms, configuration.reader)


def identity_of(event: Expected, configuration: Configuration) -> str | None:
    """The identity that the genuine event would have; None if Genesys' record does not determine
    it."""
    rule = configuration.reader.rules.of(event.detail_type, event.body)
    if rule != "moment" or moment(event.body) is None:
        return None
    return _as_event(event, configuration).identity


def heard(conversation_id: str, ledger: Ledger) -> list[Heard]:
    """The events of a conversation that are claimed in the ledger. Raises Transient."""
    owner = impersonal(conversation_id.lower())
    claims = ledger.of(owner_key(owner), "E#")
    return [
        Heard(str(claim["sk"]).split("#")[1].split("~")[0], str(claim.get("topic", "")))
        for claim in claims
    ]


def _ours(missing: Sequence[Expected], deps: Deps) -> set[Expected]:
    """Events that a request of ours may have caused: such an event confirms the request and is not
    claimed."""
    awaited = [event for event in missing if deps.configuration.awaits(event.detail_type)]
    caused = {
        conversation_id
        for conversation_id in {event.conversation_id for event in awaited}
        if deps.ledger.of(entry_partition("conversation", conversation_id))
    }
    return {event for event in awaited if event.conversation_id in caused}
