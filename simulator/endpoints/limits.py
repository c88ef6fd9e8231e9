"""What a client may read of its organisation: limits, the home division, its own token and roles.

SDK OrganizationApi (model Limit), AuthorizationApi (AuthzDivision, AuthzSubject), TokensApi
(TokenInfo).
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


def _grants(call: Call) -> Reply:
    """What the client may do. SDK: with `includeFullRoles`, the policies of each role too."""
    is_full = call.query.get("includeFullRoles") == "true"
    grants = [
        {
            "division": call.org.divisions[grant["divisionId"]],
            "role": {
                name: value
                for name, value in call.org.roles[grant["roleId"]].items()
                if is_full or name != "policies"
            },
        }
        for grant in call.org.grants
    ]
    return Reply(200, {"grants": grants})


def _token(call: Call) -> Reply:
    return Reply(200, {"organization": {"id": ORGANIZATION_ID, "name": "Simulated"}})


_PATH = "/api/v2/organizations/limits/namespaces/{namespaceName}"
ENDPOINTS = (
    Plain("limits", "GET", _PATH, _limits),
    Plain("limits-defaults", "GET", f"{_PATH}/defaults", _limits),
    Plain("home-division", "GET", "/api/v2/authorization/divisions/home", _home_division),
    Plain("grants", "GET", "/api/v2/authorization/subjects/me", _grants),
    Plain("token", "GET", "/api/v2/tokens/me", _token),
)
