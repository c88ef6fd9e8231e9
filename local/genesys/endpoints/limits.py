"""The organisation's own limits, as a client may read them (SDK OrganizationApi, model Limit)."""

from local.genesys.endpoints.shape import Call, Plain
from local.genesys.error_body import Refused
from local.genesys.messages import Reply

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


_PATH = "/api/v2/organizations/limits/namespaces/{namespaceName}"
ENDPOINTS = (
    Plain("limits", "GET", _PATH, _limits),
    Plain("limits-defaults", "GET", f"{_PATH}/defaults", _limits),
)
