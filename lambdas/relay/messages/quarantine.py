"""The quarantine: keeps messages without a record unchanged, with the reason, for a person."""

from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.kernel.ports import Vault
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import QUARANTINE

#: the attribute of a message that a person has read again: the name of the document that held it
READ_AGAIN = "read_again"


def keep_aside(
    text: str, reason: Reason, vault: Vault, now_ms: int, advice: str = "", *, held_in: str = ""
) -> str:
    """Keeps it until a person removes it; returns the document's name. Keyed by content: a
    redelivered copy changes nothing. A message that was read again, so that another document held
    it (`held_in`), gets a name of its own, since that one may be removed late. Raises Transient."""
    name = short(digest("quarantine", text, *filter(None, [held_in])), 26)
    known = {"advice": advice} if advice else {}
    document = {"reason": str(reason), **known, "at_ms": now_ms, "message": text}
    vault.keep(f"{QUARANTINE}{name}.json", canonical(document))
    return name
