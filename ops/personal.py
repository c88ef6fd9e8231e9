"""Personal names, as the ledger's keys have them: hashed under the environment's key, or by the
release before without one."""

from collections.abc import Iterable

from lambdas.relay.kernel.errors import Transient
from lambdas.relay.kernel.personal import hidden, impersonal, is_personal
from ops.connection import Relay
from ops.errors import OpsError


def personal_key(relay: Relay) -> str:
    """The environment's key. Raises OpsError with the problem and the remedy."""
    try:
        return relay.personal_key()
    except Transient as unusable:
        name = relay.output("PersonalKeySecretName")
        raise OpsError(
            f"The key that hashes personal names cannot be read ({unusable}), so events of "
            f"conversations such as tel:+49... wait: restore the secret {name}, or allow reading "
            "it. Never replace it: copies would be delivered again."
        ) from unusable


def readable(relay: Relay) -> str:
    """For the doctor."""
    personal_key(relay)
    return "readable"


def keyed(relay: Relay, names: Iterable[str]) -> list[str]:
    """These names under the environment's key, as far as they are personal: a conversation's id, or
    that and an event's identity. Raises OpsError."""
    found = []
    for name in names:
        owner, slash, identity = name.partition("/")
        if is_personal(owner):
            found.append(f"{hidden(owner, lambda: personal_key(relay))}{slash}{identity}")
    return found


def unkeyed(names: Iterable[str]) -> dict[str, str]:
    """The hashes without a key of those names that are personal, with the names."""
    return {impersonal(name): name for name in names if is_personal(name)}
