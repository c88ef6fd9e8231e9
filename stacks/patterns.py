"""Which events the rules and the archives of the buses take, as EventBridge's patterns."""

import json
from collections.abc import Mapping, Sequence

Pattern = Mapping[str, object]

#: docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html, event pattern size
PATTERN_CHARS_MAX = 2048

#: A pattern must not be empty; this one matches any source.
ANY_SOURCE: Pattern = {"source": [{"prefix": ""}]}


def from_partner(source: str, account: str | None) -> Pattern:
    """Everything that the partner source sends to the account."""
    return {"source": [source], **({} if account is None else {"account": [account]})}


def wanted(source: str, account: str | None, detail_types: Sequence[str]) -> Pattern:
    """What the relay takes of that: everything, or the listed detail-types."""
    narrowed = {"detail-type": list(detail_types)} if detail_types else {}
    return {**from_partner(source, account), **narrowed}


def size(pattern: Pattern) -> int:
    """Characters, as EventBridge counts them (without optional spaces)."""
    return len(json.dumps(pattern, separators=(",", ":"), ensure_ascii=False))
