"""What a client may read of its organisation: limits, the home division, its own token.

SDK OrganizationApi (model Limit), AuthorizationApi (AuthzDivision), TokensApi (TokenInfo).
"""

from simulator.endpoints.shape import Call, Plain
from simulator.error_body import Refused
from simulator.messages import Reply

ORGANIZATION_ID = "3f1d8a52-7c1e-4b0e-9a61-5b2f0c9d7e10"
BODY_BYTES_MAX = 512_000  # request.bytes.max


def _limits(call: Call) -> Reply:
    namespace = call.params["namespaceName"]
    if namespace != "platform.api":
        raise Refused(404, f"Limits namespace {namespace} not found")
    values = {
        "client.credentials.token.rate.per.minute": call.allowed,
        "request.bytes.max": BODY_BYTES_MAX,
    }
    entities = [{"key": k, "namespace": namespace, "value": v} for k, v in values.items()]
    return Reply(200, {"entities": entities})


def _home_division(call: Call) -> Reply:
    homes = (each for each in call.org.divisions.values() if each.get("homeDivision"))
    return Reply(200, next(homes))


def _token(call: Call) -> Reply:
    return Reply(200, {"organization": {"id": ORGANIZATION_ID, "name": "Simulated"}})


_PATH = "/api/v2/organizations/limits/namespaces/{namespaceName}"
ENDPOINTS = (
    Plain("limits", "GET", _PATH, _limits),
    Plain("limits-defaults", "GET", f"{_PATH}/defaults", _limits),
    Plain("home-division", "GET", "/api/v2/authorization/divisions/home", _home_division),
    Plain("token", "GET", "/api/v2/tokens/me", _token),
)
