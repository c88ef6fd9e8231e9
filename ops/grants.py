"""What the OAuth client has to be permitted, and what Genesys says that its roles permit.

`GET /api/v2/authorization/subjects/me` (SDK AuthorizationApi, model AuthzSubject) requires no
permission, by the SDK's documentation; `includeFullRoles` adds the policies of each role.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from lambdas.relay.destinations.conversations import TRUTH_PATH
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.ports import Answer
from ops.genesys_probe import NoVerdict

#: method, path, body
Call = Callable[[str, str, bytes | None], Answer]
GRANTS = "/api/v2/authorization/subjects/me?includeFullRoles=true"

#: to write to a kind, as README's table says; "": nothing has to be permitted
TO_WRITE: Mapping[str, str] = {
    "journey-external-events": "journey:externalEventsEvent:add",
    "participant-attributes": "",
    "conversation-events": "conversation:conversation:inject",
    "external-contacts-enrich": "externalContacts:contact:enrich",
    "outbound-contacts": "outbound:contact:add",
    "external-metrics": "employeePerformance:externalMetricData:add",
}
#: to write to a path that is a setting
TO_WRITE_AT: Mapping[str, str] = {
    "/api/v2/conversations/calls": "conversation:conference:add",
    "/api/v2/conversations/callbacks": "conversation:callback:create",
    "/api/v2/conversations/emails": "conversation:email:create",
    "/api/v2/conversations/messages": "conversation:message:create",
    "/api/v2/conversations/messages/agentless": "conversation:message:create",
}
#: to read back from a path, or from a kind that has one of its own
TO_READ_AT: Mapping[str, str] = {TRUTH_PATH: "conversation:communication:view"}
TO_READ: Mapping[str, str] = {
    "external-contacts-enrich": "externalContacts:contact:view",
    "outbound-contacts": "outbound:contact:view",
}
TO_CANCEL = "conversation:communication:disconnect"
TO_AUDIT = "analytics:conversationDetail:view"

WRITE, READ, CANCEL, AUDIT = "write to", "read back from", "cancel duplicates of", "audit"


@dataclass(frozen=True, slots=True)
class Need:
    """What the client must be permitted to do."""

    #: with `name` it completes "may ..."
    verb: str
    name: str
    #: None: not known
    permission: str | None

    @property
    def use(self) -> str:
        return f"{self.verb} {self.name}"


def needed(destination: Destination) -> Iterator[Need]:
    """What a destination needs of the client's roles."""
    to_write = TO_WRITE_AT.get(destination.path, TO_WRITE.get(destination.kind))
    if to_write != "":
        yield Need(WRITE, destination.name, to_write)
    confirmation = destination.confirmation
    if confirmation is not None and confirmation.truth is not None:
        path, kind = confirmation.truth.path, destination.kind
        yield Need(READ, destination.name, TO_READ_AT.get(path, TO_READ.get(kind)))
    if confirmation is not None and confirmation.cancel is not None:
        yield Need(CANCEL, destination.name, TO_CANCEL)


def held(call: Call) -> frozenset[str]:
    """The permissions of the client's roles, in whatever division; `*` for any entity or action.
    Raises NoVerdict if Genesys does not tell."""
    answer = call("GET", GRANTS, None)
    if answer.status != 200:
        raise NoVerdict(f"Genesys does not list the client's roles: {words(answer)}")
    try:
        policies = [
            policy
            for grant in json.loads(answer.body)["grants"]
            for policy in grant["role"]["policies"]
        ]
        return frozenset(
            ":".join((policy["domain"], policy["entityName"], action))
            for policy in policies
            for action in policy["actions"]
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise NoVerdict("Genesys' list of the client's roles cannot be read") from None


def permits(permissions: frozenset[str], permission: str) -> bool:
    domain, entity, action = permission.split(":")
    wanted = product((domain, "*"), (entity, "*"), (action, "*"))
    return not permissions.isdisjoint(":".join(parts) for parts in wanted)
