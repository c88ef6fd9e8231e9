"""Replaying a bus's archive: EventBridge publishes past events again; claims drop the copies."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.relay.kernel.limits import HORIZON_S
from ops.connection import Relay
from ops.errors import OpsError

#: the longest time until a published event is in the archive
#: (docs.aws.amazon.com/eventbridge/latest/userguide/eb-archive-event.html)
ARCHIVE_LAG_S = 600
#: the maximum age of replayed events: claims tell copies from new events
REPLAYED_MAX = timedelta(seconds=HORIZON_S)


@dataclass(frozen=True, slots=True)
class Archive:
    """A bus, its archive and the rule that sends its events to the relay."""

    bus_arn: str
    archive_arn: str
    name: str
    events: int
    rule_arns: Sequence[str]


def moment(text: str, also: str = "") -> datetime:
    """Reads ISO 8601; without a zone it is UTC. Raises OpsError, which names the forms that the
    caller reads also."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise OpsError(
            f"{text} is not a valid time: use a form such as 2026-11-21T03:00Z{also}."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def check(since: datetime, until: datetime, now: datetime) -> None:
    """Raises OpsError if a replay would be useless or could have effects twice."""
    if since >= until:
        raise OpsError("--from must be earlier than --to.")
    if until > now - timedelta(seconds=ARCHIVE_LAG_S):
        raise OpsError(
            f"The archive is up to {ARCHIVE_LAG_S // 60} minutes behind: choose an earlier --to, "
            "or wait."
        )
    if since < now - REPLAYED_MAX:
        days = HORIZON_S // 86_400
        raise OpsError(
            f"Claims recognise copies for {days} days; events of an older replay would need manual "
            "review: choose a later --from."
        )


def archive_of(relay: Relay, bus: str, since: datetime) -> Archive:
    """The archive of `partner` or `relay` that holds the events from `since` on. Raises OpsError
    if there is none."""
    name = relay.output("PartnerBusName" if bus == "partner" else "RelayBusName")
    described = relay.events.describe_event_bus(Name=name)
    listed = relay.events.list_archives(EventSourceArn=described["Arn"])["Archives"]
    found = [relay.events.describe_archive(ArchiveName=one["ArchiveName"]) for one in listed]
    chosen = _chosen(found, _own(relay), since)
    if chosen is None:
        raise OpsError(f"The bus {name} has no archive that belongs to this stack.")
    rule = relay.events.describe_rule(Name=f"{relay.stack}-{bus}", EventBusName=name)
    return Archive(
        bus_arn=described["Arn"],
        archive_arn=chosen["ArchiveArn"],
        name=chosen["ArchiveName"],
        events=int(chosen.get("EventCount", 0)),
        rule_arns=[rule["Arn"]],
    )


def _own(relay: Relay) -> Collection[str]:
    return [made for kind, made in relay.resources.values() if kind == "AWS::Events::Archive"]


def _chosen(archives: Sequence[Any], own: Collection[str], since: datetime) -> Any | None:
    """The stack's own archive of the bus; if that did not exist yet, the one that an earlier stack
    left on the bus and that takes the same events. None if the stack has none."""
    ours = next((one for one in archives if one["ArchiveName"] in own), None)
    if ours is None or ours["CreationTime"] <= since:
        return ours
    alike = [one for one in archives if one.get("EventPattern") == ours.get("EventPattern")]
    there = [one for one in alike if one["CreationTime"] <= since]
    if there:
        return max(there, key=lambda one: one["CreationTime"])
    return min(alike, key=lambda one: one["CreationTime"])


def start(
    relay: Relay, archive: Archive, since: datetime, until: datetime, name: str | None = None
) -> str:
    """Starts the replay, to our rule only; returns its name."""
    name = name or f"relay-{int(time.time())}"
    relay.events.start_replay(
        ReplayName=name,
        EventSourceArn=archive.archive_arn,
        EventStartTime=since,
        EventEndTime=until,
        Destination={"Arn": archive.bus_arn, "FilterArns": list(archive.rule_arns)},
    )
    return name


def progress(relay: Relay, name: str) -> tuple[str, datetime | None]:
    """The replay's state, and the time of the last event it sent."""
    answer: Any = relay.events.describe_replay(ReplayName=name)
    return answer["State"], answer.get("EventLastReplayedTime")
