"""Discarding a dead letter for good, and recording who did it and why."""

from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.messages.sealing import Batch, decode
from lambdas.relay.review.cases import park
from lambdas.relay.review.resolution import Decision, find, resolve
from ops.connection import CLOCK, Line, Relay
from ops.dead_letter import DeadLetter
from ops.errors import OpsError

PREFIX = "discarded/"


def discard(relay: Relay, line: Line, letter: DeadLetter, who: str, note: str) -> bool:
    """Keeps the letter in the vault, closes its request, deletes it; repeatable. Raises OpsError
    while a function is still working on the request."""
    text = letter.delivery.body
    keep(relay, text, {"by": who, "note": note, "reason": str(letter.reason), "queue": line.name})
    try:
        batch: Batch | None = decode(text)
    except Malformed:
        batch = None
    if batch is not None:
        _close(relay, batch, letter.reason, Decision("discard", who, note))
    relay.queue(line.dead_url).delete(letter.delivery)
    return True


def keep(relay: Relay, text: str, why: dict[str, str]) -> None:
    """The key is a hash of the content: discarding the same again changes nothing."""
    name = short(digest("discarded", text), 26)
    document = canonical({**why, "at_ms": CLOCK.now_ms(), "message": text})
    relay.vault.keep(f"{PREFIX}{name}.json", document)


def _close(relay: Relay, batch: Batch, reason: Reason, decision: Decision) -> None:
    """Parks the request, which fails while a function holds it, and then decides on it. A request
    that was settled meanwhile is left unchanged."""
    now_ms = CLOCK.now_ms()
    parked = park(
        batch, "MANUAL_REVIEW", reason, ledger=relay.ledger, vault=relay.vault, now_ms=now_ms
    )
    if not parked:
        raise OpsError(
            f"Request {batch.batch_id} is being processed at the moment: wait a minute, then "
            "discard its dead letter."
        )
    found = find(batch.batch_id, relay.ledger, relay.vault)
    if found.record.state in ("MANUAL_REVIEW", "REJECTED"):
        resolve(
            found,
            decision,
            ledger=relay.ledger,
            vault=relay.vault,
            writes=relay.writes,
            now_ms=now_ms,
        )
