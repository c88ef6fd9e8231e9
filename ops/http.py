"""HTTP from the operator's machine: with its proxy and its trusted authorities."""

import os

from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies

from lambdas.adapters.http import RequestsHttp, public_authorities
from lambdas.relay.kernel.limits import LIVE
from ops.errors import OpsError

#: variables that tell requests and curl of a company's own authorities
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def operators_http() -> RequestsHttp:
    """Raises OpsError if the environment names authorities that cannot be read."""
    named = next((name for name in BUNDLES if os.environ.get(name)), None)
    bundle = os.environ[named] if named else DEFAULT_CA_BUNDLE_PATH
    try:
        trust = public_authorities(bundle)
    except OSError:
        raise OpsError(f"{named}={bundle} contains no certificates: correct or unset it.") from None
    return RequestsHttp(LIVE, trust, get_environ_proxies)
