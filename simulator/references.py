"""Ids of other things that a request refers to: each must exist."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.organization import Organization

#: by member (SDK models CreateCallRequest, CreateCallbackCommand, CreateEmailRequest,
#: CreateOutboundMessagingConversationRequest, SendAgentlessOutboundMessageRequest): what it names
KINDS: Mapping[str, str] = {
    "callFromQueueId": "queue",
    "callQueueId": "queue",
    "callUserId": "user",
    "conversationIds": "conversation",
    "externalContactId": "contact",
    "flowId": "flow",
    "languageId": "language",
    "preferredAgentIds": "user",
    "queueId": "queue",
    "responseId": "response",
    "routingSkillsIds": "skill",
    "scriptId": "script",
    "skillIds": "skill",
    "userId": "user",
}
#: members with free content
FREE = frozenset({"attributes", "data"})


def missing(org: Organization, body: Any) -> Iterator[tuple[str, str]]:
    """What is named and does not exist, and by which id."""
    waiting = [body]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        if not isinstance(part, dict):
            continue
        for name, value in part.items():
            kind = KINDS.get(name)
            if kind is None and name not in FREE:
                waiting.append(value)
            for each in value if isinstance(value, list) else [value]:
                if kind is not None and each is not None and not org.has(kind, str(each)):
                    yield kind, str(each)
