"""What waits for a person, and what is overdue: one sentence for each kind. `relay status` and the
alarms' messages have them from here, so that they cannot disagree."""

from collections.abc import Sequence
from dataclasses import dataclass

from lambdas.relay.kernel.ports import Ledger, Vault
from lambdas.relay.kernel.vault_keys import QUARANTINE
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.requests.states import OVERDUE, REVIEW
from lambdas.relay.review.quarantined import name_of

#: most cases of one kind that are listed; beyond it the counts say "at least"
LISTED_MAX = 1_000
#: how much of an id people see, which is enough for the commands
SHORT_ID_CHARS = 8
#: the kind of case that has no record
UNREADABLE = "quarantine"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of case."""

    #: a partition of the ledger's index, or UNREADABLE
    name: str
    noun: str
    #: what one does, and what several do
    does: tuple[str, str]
    #: shows one by its id
    command: str
    #: the alarm about it, and its section of the runbook
    alarm: str


KINDS = (
    Kind(
        REVIEW,
        "request",
        ("waits for a person", "wait for a person"),
        "relay review show",
        "WaitingForPerson",
    ),
    Kind(
        UNREADABLE,
        "unreadable message",
        ("waits for a person", "wait for a person"),
        "relay review show",
        "WaitingForPerson",
    ),
    Kind(OVERDUE, "request", ("is overdue", "are overdue"), "relay trace", "Overdue"),
)


def waiting(kind: Kind, ledger: Ledger, vault: Vault, now_ms: int) -> list[str]:
    """The ids of the cases of one kind, as the commands take them; what has waited longest comes
    first. Raises Transient."""
    if kind.name == UNREADABLE:
        return [name_of(key) for key in vault.keys(QUARANTINE, LISTED_MAX)]
    return [batch_id_of(pk) for pk, _ in ledger.due(kind.name, now_ms // 1000, LISTED_MAX)]


def sentence(kind: Kind, ids: Sequence[str]) -> str:
    """How many there are (`ids`, at least one), and the command that shows the first."""
    is_one = len(ids) == 1
    count = f"{len(ids):,} {kind.noun}{'' if is_one else 's'}".replace(",", " ")
    count = f"at least {count}" if len(ids) >= LISTED_MAX else count
    which = "" if is_one else ", the oldest"
    shows = f"`{kind.command} {ids[0][:SHORT_ID_CHARS]}`"
    return f"{count} {kind.does[not is_one]}{which}: {shows}. Runbook: {kind.alarm}."
