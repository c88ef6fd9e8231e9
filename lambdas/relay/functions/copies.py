"""Counts and logs copies, and events that only look like copies."""

from lambdas.relay.kernel.limits import LISTED_ON_RECORD_MAX
from lambdas.relay.kernel.ports import Ledger, Telemetry
from lambdas.relay.ledger.claims import Claimed, same_content
from lambdas.relay.messages.sealing import Batch


def name_copies(batch: Batch, claimed: Claimed, telemetry: Telemetry) -> None:
    telemetry.count("Duplicates", len(claimed.duplicates))
    for event in claimed.duplicates:
        telemetry.note(
            "duplicate",
            identity=event.identity,
            batch=batch.batch_id,
            correlation=event.correlation_id,
        )
    for event in claimed.collisions:
        telemetry.count("IdentityCollisions")
        telemetry.note("collision", identity=event.identity, batch=batch.batch_id)


def note_same_content(own: Batch, ledger: Ledger, telemetry: Telemetry) -> None:
    """Logs events with the same content as an earlier one: a state that came back, or an event that
    was published again. This cannot be distinguished, so both are written. A batch that runs again
    may log it again."""
    for number, event in enumerate(own.events, 1):
        later = {each.identity for each in own.events[number:]}  # these log the pair themselves
        earlier = [each for each in same_content(event, ledger) if each not in later]
        if earlier:
            telemetry.count("SameContentOtherTime")
            telemetry.note(
                "same content, other time",
                identity=event.identity,
                topic=event.topic,
                earlier=earlier[:LISTED_ON_RECORD_MAX],
                batch=own.batch_id,
            )
