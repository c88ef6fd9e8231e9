"""The page of missing events: turns an audit into what its template needs."""

from collections.abc import Mapping
from typing import Any

from lambdas.relay.audit.auditing import Audit
from lambdas.relay.audit.comparison import Gap, bar
from lambdas.relay.kernel.time_format import iso
from ops.missing import NAMED, SLOTS, WHY
from ops.screen import plural

FILTERS: Mapping[str, str] = {"from": "2026-11-21T03:00Z", "to": "now"}
#: heights of the tallest bar and of one without expected events (units of the drawing)
TALL, FLAT = 42, 2
UNASKED = (
    "Compares Genesys' own record of conversations with the ledger. It queries Genesys, with at "
    "most half of the rate limit, and may take a while."
)


def shown(found: Audit | None, asked: Mapping[str, str]) -> dict[str, Any]:
    """`found` is None before the first query."""
    filters = [(name, asked[name], hint) for name, hint in FILTERS.items()]
    if found is None:
        return {"filters": filters, "found": UNASKED, "bars": [], "gaps": []}
    compared, judged = found.comparison, found.period
    drawn = bar(compared, judged.since_ms, judged.until_ms, SLOTS) if compared.expected else []
    most = max((count for count, _ in drawn), default=1)
    return {
        "filters": filters,
        "found": (
            f"{plural(found.conversations, 'conversation')}, "
            f"{plural(len(compared.expected), 'event')} expected, {len(compared.missing)} never "
            "arrived."
        ),
        "began": iso(judged.since_ms),
        "ended": iso(judged.until_ms),
        "bars": [
            {
                "height": FLAT + (TALL - FLAT) * count // most,
                "tone": _tone(count, gone),
                "says": f"{count} expected, {gone} never arrived",
            }
            for count, gone in drawn
        ],
        "gaps": [_gap(gap) for gap in compared.gaps],
    }


def _tone(count: int, gone: int) -> str:
    if not count:
        return "quiet"
    if not gone:
        return "good"
    return "bad" if gone == count else "wait"


def _gap(gap: Gap) -> dict[str, Any]:
    names = gap.conversations
    return {
        "time": f"{iso(gap.since_ms)} to {iso(gap.until_ms)}",
        "says": f"{plural(len(gap.missing), 'event')}: {WHY[gap.cause]}.",
        "topics": ", ".join(gap.types),
        "conversations": names[:NAMED],
        "more": f"and {len(names) - NAMED} more" if len(names) > NAMED else "",
    }
