"""What keeps a local run on this machine, whatever its user's environment contains."""

from collections.abc import MutableMapping

#: What belongs to a real AWS account: profiles, keys, endpoints, the account of a CDK app.
OF_AN_ACCOUNT = ("AWS_", "CDK_")
NEVER_PROXIED = "127.0.0.1,localhost,::1"


def keep_to_this_machine(environ: MutableMapping[str, str]) -> None:
    """Takes out of an environment what would make a local run depend on, or touch, a real AWS
    account, and sends what goes to this machine past any proxy."""
    for name in [name for name in environ if name.startswith(OF_AN_ACCOUNT)]:
        del environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        already = environ.get(name, "")
        environ[name] = f"{already},{NEVER_PROXIED}" if already else NEVER_PROXIED
