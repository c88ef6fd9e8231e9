"""A person has a message of the quarantine read again, by a release that can."""

from lambdas.relay.kernel.canonical import digest, short
from lambdas.relay.kernel.ports import Outbox, Outgoing, Vault
from lambdas.relay.kernel.vault_keys import QUARANTINE


def quarantine_key(name: str) -> str:
    return f"{QUARANTINE}{name}.json"


def read_again(name: str, document: str, message: str, *, vault: Vault, events: Outbox) -> None:
    """Intake may set the message aside again at once, under the same name: that document must stay.
    So before it is sent, a copy under another name takes its place. Raises Transient."""
    copy = quarantine_key(short(digest("read again", name), 26))
    vault.keep(copy, document)
    vault.discard(quarantine_key(name))
    events.send([Outgoing(message)])
    vault.discard(copy)
