"""Plain details: an application's event of any shape, as it puts it on a bus for everybody.

Nobody said which of its members identify it, so all of them do, with its source and type: the same
once more is a copy, anything else is another event. Whoever tells of a state that can come back
must say when (or an id), or the second time is a copy of the first.
"""

from collections.abc import Mapping

from lambdas.relay.entrances.business import correlation
from lambdas.relay.entrances.reading import Content, moment_ms
from lambdas.relay.kernel.canonical import Json, canonical
from lambdas.relay.kernel.errors import Malformed
from lambdas.relay.kernel.reasons import Code


def plain(detail: Mapping[str, Json], source: str, detail_type: str) -> Content:
    """Reads any object that says something. Raises Malformed."""
    if not detail:
        raise Malformed(Code.NO_MEMBERS("detail"))
    said = canonical([source, detail_type, detail])
    stated = detail.get("conversationId")
    return Content(
        topic=detail_type,
        identified_by=("plain", said),
        said=said,
        conversation_id=stated if isinstance(stated, str) and stated else None,
        correlation_id=correlation(detail),
        # What a member means is the sender's affair: one that is no moment is no mistake.
        occurred_at_ms=moment_ms(detail.get("timestamp")),
        body=detail,
    )
