"""A person has a message of the quarantine read again, by a release that can."""

from lambdas.relay.kernel.ports import Outbox, Outgoing, Vault
from lambdas.relay.kernel.vault_keys import QUARANTINE
from lambdas.relay.messages.quarantine import READ_AGAIN


def quarantine_key(name: str) -> str:
    return f"{QUARANTINE}{name}.json"


def name_of(key: str) -> str:
    return key.removeprefix(QUARANTINE).removesuffix(".json")


def read_again(name: str, message: str, *, vault: Vault, events: Outbox) -> None:
    """Intake may set the message aside again before its document is removed, and somebody else may
    have ordered the same: the message says which document held it, so that the new one has another
    name. Raises Transient."""
    events.send([Outgoing(message, {READ_AGAIN: name})])
    vault.discard(quarantine_key(name))
