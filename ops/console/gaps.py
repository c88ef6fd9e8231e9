"""What never came, as the page shows it: an audit in, what its template needs out."""

from collections.abc import Mapping
from typing import Any

from lambdas.relay.audit.auditing import Audit
from lambdas.relay.audit.comparison import Gap, bar
from lambdas.relay.kernel.time_format import iso
from ops.missing import NAMED, SLOTS, WHY
from ops.screen import plural

FILTERS: Mapping[str, str] = {"from": "2026-11-21T03:00Z", "to": "now"}
#: of the tallest bar, and of one in which nothing was due (units of the drawing)
TALL, FLAT = 42, 2
UNASKED = (
    "Genesys' own record of conversations beside the ledger. It asks Genesys, within half of the "
    "rate limit, and may take a while."
)


def shown(found: Audit | None, asked: Mapping[str, str]) -> dict[str, Any]:
    """None: nobody has asked yet."""
    filters = [(name, asked[name], hint) for name, hint in FILTERS.items()]
    if found is None:
        return {"filters": filters, "found": UNASKED, "bars": [], "gaps": []}
    compared, judged = found.comparison, found.period
    drawn = bar(compared, judged.since_ms, judged.until_ms, SLOTS) if compared.expected else []
    most = max((count for count, _ in drawn), default=1)
    return {
        "filters": filters,
        "found": f"{plural(found.conversations, 'conversation')}, "
        f"{plural(len(compared.expected), 'event')} due, {len(compared.missing)} never came.",
        "began": iso(judged.since_ms),
        "ended": iso(judged.until_ms),
        "bars": [
            {
                "height": FLAT + (TALL - FLAT) * count // most,
                "tone": _tone(count, gone),
                "says": f"{count} due, {gone} never came",
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
