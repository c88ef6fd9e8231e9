"""The quarantine: keeps messages without a record unchanged, with the reason, for a person."""

from lambdas.relay.kernel.canonical import canonical, digest, short
from lambdas.relay.kernel.ports import Vault
from lambdas.relay.kernel.reasons import Reason
from lambdas.relay.kernel.vault_keys import QUARANTINE


def keep_aside(text: str, reason: Reason, vault: Vault, now_ms: int, advice: str = "") -> str:
    """Keeps it until a person removes it; returns the document's name. Keyed by content: a
    redelivered copy changes nothing. Raises Transient."""
    name = short(digest("quarantine", text), 26)
    known = {"advice": advice} if advice else {}
    document = {"reason": str(reason), **known, "at_ms": now_ms, "message": text}
    vault.keep(f"{QUARANTINE}{name}.json", canonical(document))
    return name
