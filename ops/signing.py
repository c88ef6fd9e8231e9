"""Whether requests to HTTPS endpoints can be signed."""

from lambdas.adapters.sender_keys import SecretsManagerSenderKeys
from lambdas.relay.kernel.errors import Transient
from lambdas.relay.sinks.https import secret_of
from ops import deployed
from ops.connection import Relay
from ops.errors import OpsError


def signing_keys(relay: Relay) -> str:
    """What is in order; raises OpsError with the problem and the remedy."""
    every = deployed.configuration(relay).destinations
    names = [n for n, one in every.items() if n == one.name and one.service == "https"]
    if not names:
        return "no destination is signed"
    secret = relay.output("SigningSecretName")
    keys = SecretsManagerSenderKeys(relay.secrets, secret, "the signing keys' secret")
    for name in names:
        try:
            # Former names count, too, as they do for the writers.
            found = [k for said in (name, *every[name].formerly) for k in keys.of(said, fresh=True)]
        except Transient as unusable:
            raise OpsError(f"{unusable}.") from unusable
        if not any(secret_of(key) for key in found):
            raise OpsError(
                f"{name} has no usable key in {secret}, so its batches wait: add one, base64 of 24 "
                "to 64 bytes (docs/sinks.md)."
            )
    return f"there is one for {', '.join(names)}"
