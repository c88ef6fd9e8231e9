"""The table of endpoints, and the lookup of a path's endpoint."""

import re

from simulator.endpoints import (
    analytics,
    analytics_events,
    contact_lists,
    conversation_events,
    conversations,
    conversations_made,
    custom_attributes,
    external_contacts,
    external_metrics,
    journey,
    limits,
)
from simulator.endpoints.shape import Plain, Write
from simulator.error_body import Refused

Endpoint = Write | Plain
ENDPOINTS: tuple[Endpoint, ...] = (
    *journey.ENDPOINTS,
    *conversation_events.ENDPOINTS,
    *external_contacts.ENDPOINTS,
    *contact_lists.ENDPOINTS,
    *conversations_made.ENDPOINTS,
    *conversations.ENDPOINTS,
    *external_metrics.ENDPOINTS,
    *analytics_events.ENDPOINTS,
    *analytics.ENDPOINTS,
    *custom_attributes.ENDPOINTS,
    *limits.ENDPOINTS,
)
NAMES = frozenset(endpoint.name for endpoint in ENDPOINTS)


def _compiled(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))


_PATTERNS = tuple((_compiled(endpoint.template), endpoint) for endpoint in ENDPOINTS)


def route(method: str, path: str) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint and the path's parameters; raises Refused 404 or 405."""
    matches = [(match, e) for pattern, e in _PATTERNS if (match := pattern.fullmatch(path))]
    if not matches:
        raise Refused(404, f"The requested resource was not found: {path}")
    for match, endpoint in matches:
        if endpoint.method == method:
            return endpoint, match.groupdict()
    raise Refused(405, f"{method} is not allowed for {path}")
