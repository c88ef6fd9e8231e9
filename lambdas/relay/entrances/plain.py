"""Plain details: an application's event of any shape, as on a shared bus.

It is not known which members identify it, so all of them do, with its source and type: an equal one
is a copy, any other is another event. An event about a state that can recur needs a time or an id,
or the second one is a copy of the first; for those of AWS and of other partners the envelope's time
does (events.py).
"""

from collections.abc import Mapping

from lambdas.relay.entrances.arrivals import AWS
from lambdas.relay.entrances.business import correlation
from lambdas.relay.entrances.reading import Content, moment_ms
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code


def plain(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads any object; only one from AWS may be empty (a scheduled event). Raises Malformed."""
    if not detail and not source.startswith(AWS):
        raise Malformed(Code.NO_MEMBERS("detail"))
    said = canonical([source, detail_type, detail])
    stated = detail.get("conversationId")
    return Content(
        topic=detail_type,
        identified_by=("plain", said),
        said=said,
        conversation_id=stated if isinstance(stated, str) and stated else None,
        correlation_id=correlation(detail),
        # The meaning of members is up to the sender, so one that is not a time is no error.
        occurred_at_ms=moment_ms(detail.get("timestamp")),
        body=detail,
    )
