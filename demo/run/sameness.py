"""Which lines belong to one event: the account's own definition, independent of the product's.

Generated lines have the number of their event. Those of a captured file do not, so it is inferred.
Two lines with different contents are two events. Two with the same content are one event if the
content has its own time or id. A state has neither (a member of a queue: joined, left, joined
again), so its content recurs, and the envelope decides: the same timestamp or the same envelope id
means a copy; if both differ, it is another event. A state of an AWS service or of another partner
has the envelope's time and resources for a timestamp.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.run.lines import Line
from demo.run.senders import GENESYS, sender_says
from ops.screen import plural

AUDITS = "v2.audits."
#: 2000-01-01 and 2100-01-01, in seconds since 1970
CENTURY_S = (946_684_800, 4_102_444_800)
#: no event of a contact centre is older
FIRST_YEAR = 1900
COUNT = re.compile(r"[0-9]{1,25}(\.[0-9]+)?", re.ASCII)
STAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
    r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)"
)


@dataclass(frozen=True, slots=True)
class SameContent:
    """Pairs of lines, consecutive in time, with the same content and different times."""

    #: judged as one event: the content has its own time or id
    copies: int
    #: judged as two: it is a state, which recurs
    events: int

    def __str__(self) -> str:
        copies = plural(self.copies, "taken for a copy", "taken for copies")
        events = plural(self.events, "for an event of its own", "for events of their own")
        return (
            f"Same content, other time: {plural(self.copies + self.events, 'pair')}; {copies} (the "
            f"content names its moment or id), {events} (a state that came back)"
        )


def what_it_says(envelope: Any) -> str | None:
    """The content of an envelope as text that is equal for copies; None if it has none. Copies
    differ in id, time, timestamp and metadata, never in type, topic and body."""
    match envelope:
        case {"detail-type": str(kind), "source": str(source), "detail": dict(detail)}:
            topic = detail.get("topicName") or kind
            if isinstance(detail.get("eventBody"), dict) and isinstance(topic, str):
                return of_body(kind, topic, detail["eventBody"])
            return sender_says(source, kind, detail)
        case _:
            return None


def of_body(detail_type: str, topic: str, body: Any) -> str:
    """The content of Genesys' own event."""
    return json.dumps([detail_type, topic, body], sort_keys=True)


def by_content(lines: Iterable[Line]) -> tuple[dict[str, list[Line]], list[Line]]:
    """The lines of each content, and those without any."""
    contents: dict[str, list[Line]] = {}
    without: list[Line] = []
    for line in lines:
        said = what_it_says(line.document)
        (without if said is None else contents.setdefault(said, [])).append(line)
    return contents, without


def count(lines: Iterable[Line]) -> int:
    """How many events the lines belong to."""
    contents, _ = by_content(lines)
    return sum(len(happenings(of_content)) for of_content in contents.values())


def happenings(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one content, grouped by event: the copies of each, in order."""
    found: list[tuple[set[object], list[Line]]] = []
    for line in lines:
        marks = _marks(line)
        same = [each for each in found if each[0] & marks]
        for other in same[1:]:  # a line with the id of one and the time of another joins both
            same[0][0].update(other[0])
            same[0][1].extend(other[1])
            found.remove(other)
        if same:
            same[0][0].update(marks)
            same[0][1].append(line)
        else:
            found.append((marks, [line]))
    return [copies for _, copies in found]


def _marks(line: Line) -> set[object]:
    """Two lines of the same content belong to one event if they share one of these."""
    if line.happening is not None:
        return {line.happening}
    if _says_which(line.document):
        return {"the content"}
    return {("time", _timestamp(line)), ("envelope", line.envelope_id or id(line))}


def _says_which(envelope: Any) -> bool:
    """Whether the content itself distinguishes the event from every other one."""
    body = envelope["detail"].get("eventBody")
    if not isinstance(body, dict):
        # a sender's own: its id, or its whole content, including the time
        return not is_state_of_aws(envelope)
    is_audit = envelope["detail-type"].startswith(AUDITS)
    return _is_moment(body.get("eventTime")) or (is_audit and isinstance(body.get("id"), str))


def is_state_of_aws(envelope: Any) -> bool:
    """Whether an AWS service or another partner sent it and its detail has no time and no id."""
    source, detail = envelope["source"], envelope["detail"]
    stated = detail.get("id")
    return (
        source.startswith("aws.")
        and not source.startswith(GENESYS)
        and not isinstance(detail.get("eventBody"), dict)
        and not (isinstance(stated, str) and stated)
        and not any(_is_moment(detail.get(name)) for name in ("timestamp", "occurredAt"))
    )


def _is_moment(value: Any) -> bool:
    """Whether a member is a time: seconds, or a finer unit, as a number that lies in this century;
    or a date with a time and an offset. "soon", a day or a duration is not."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    text = str(value)
    if not COUNT.fullmatch(text):
        return STAMP.fullmatch(text) is not None and _is_of_the_calendar(text)
    count = float(text)
    return any(CENTURY_S[0] <= count / unit < CENTURY_S[1] for unit in (1, 1e3, 1e6, 1e9))


def _is_of_the_calendar(stamp: str) -> bool:
    try:
        read = datetime.fromisoformat(stamp.upper().replace(",", "."))
    except ValueError:
        return False
    return read.year >= FIRST_YEAR


def _timestamp(line: Line) -> str:
    envelope = line.document
    if is_state_of_aws(envelope):
        return json.dumps([envelope.get("time"), envelope.get("resources") or []])
    return json.dumps(envelope["detail"].get("timestamp"), sort_keys=True)


def same_content(contents: Iterable[Sequence[Line]]) -> SameContent:
    """Counts the pairs of a captured file, content by content."""
    copies = events = 0
    for lines in contents:
        unnumbered = [line for line in lines if line.happening is None]
        times = {_timestamp(line) for line in unnumbered if _is_genesys(line.document)}
        apart = len(happenings(unnumbered)) - 1 if times else 0
        events += apart
        copies += max(0, len(times) - 1 - apart)
    return SameContent(copies, events)


def _is_genesys(envelope: Any) -> bool:
    return isinstance(envelope["detail"].get("eventBody"), dict)
