"""The flow as a picture: verbs, queues and events' final places, with counts on the edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from demo.report.gathering import Facts
from demo.report.throughput import of_api
from ops.screen import plural

BOX_WIDTH, BOX_HEIGHT = 140, 44


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    kind: str  # verb, place, good, bad


@dataclass(frozen=True, slots=True)
class Edge:
    start: str
    end: str
    text: str


BOXES = {
    "bus": Box("Genesys events", "place"),
    "intake": Box("intake", "verb"),
    "dedup": Box("dedup", "verb"),
    "write": Box("write", "verb"),
    "genesys": Box("Genesys API", "place"),
    "quarantine": Box("quarantine", "bad"),
    "duplicates": Box("duplicates", "quiet"),
    "review": Box("review", "bad"),
    "effects": Box("took effect", "good"),
}

#: the centre of each box, by layout
WIDE = {
    "bus": (76, 46),
    "intake": (313, 46),
    "dedup": (550, 46),
    "write": (787, 46),
    "genesys": (1024, 46),
    "quarantine": (313, 170),
    "duplicates": (550, 170),
    "review": (787, 170),
    "effects": (1024, 170),
}
TALL = {
    "bus": (74, 36),
    "intake": (74, 126),
    "dedup": (74, 216),
    "write": (74, 306),
    "genesys": (74, 396),
    "quarantine": (298, 126),
    "duplicates": (298, 216),
    "review": (298, 306),
    "effects": (298, 396),
}


def edges(facts: Facts) -> list[Edge]:
    """How many went from where to where."""
    account = facts.account
    whole = [record for record in facts.records.values() if "parent" not in record]
    written = [record for record in whole if record["state"] not in ("EMPTY", "MERGED")]
    return [
        Edge("bus", "intake", plural(account.published, "line")),
        Edge("intake", "dedup", plural(len(whole), "batch", "batches")),
        Edge("dedup", "write", plural(len(written), "batch", "batches")),
        Edge("write", "genesys", plural(len(of_api(facts.requests)), "request")),
        Edge("intake", "quarantine", str(account.quarantined)),
        Edge("dedup", "duplicates", str(account.duplicates)),
        Edge("write", "review", str(account.rejected)),
        Edge("genesys", "effects", str(account.delivered)),
    ]


def draw(facts: Facts) -> str:
    """Both layouts; the page shows the one that fits."""
    made = edges(facts)
    wide = _picture("wide", 1100, 204, WIDE, made)
    tall = _picture("narrow", 372, 432, TALL, made)
    return f'<div class="chart flow" role="img" aria-label="{_told(made)}">{wide}{tall}</div>'


def _told(made: Sequence[Edge]) -> str:
    return escape(
        "; ".join(f"{BOXES[e.start].name} to {BOXES[e.end].name}: {e.text}" for e in made)
    )


def _picture(
    kind: str, width: int, height: int, places: Mapping[str, tuple[int, int]], made: Sequence[Edge]
) -> str:
    drawn = "".join(_edge(edge, places) for edge in made)
    drawn += "".join(_box(BOXES[name], *at) for name, at in places.items())
    return f'<svg class="{kind}" viewBox="0 0 {width} {height}" aria-hidden="true">{drawn}</svg>'


def _box(box: Box, x: int, y: int) -> str:
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    return (
        f'<rect class="box {box.kind}" x="{left}" y="{top}" width="{BOX_WIDTH}" '
        f'height="{BOX_HEIGHT}" rx="10"/>'
        f'<text class="box" x="{x}" y="{y + 5}" text-anchor="middle">{escape(box.name)}</text>'
    )


def _edge(edge: Edge, places: Mapping[str, tuple[int, int]]) -> str:
    """A straight arrow between the sides that face each other, with its count beside it."""
    (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
    quiet = " quiet" if edge.text == "0" else ""
    if y1 == y2:
        start, end = x1 + BOX_WIDTH / 2, x2 - BOX_WIDTH / 2
        line, at = _arrow(start, y1, end, y1), ((start + end) / 2, y1 - 8.0)
    else:
        start, end = y1 + BOX_HEIGHT / 2, y2 - BOX_HEIGHT / 2
        line, at = _arrow(x1, start, x1, end), (x1 + 9.0, (start + end) / 2 + 4)
    anchor = "middle" if y1 == y2 else "start"
    return (
        f'<path class="edge{quiet}" d="{line}"/>'
        f'<text class="count{quiet}" x="{at[0]}" y="{at[1]}" text-anchor="{anchor}">'
        f"{escape(edge.text)}</text>"
    )


def _arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    tip = (
        f"M{x2 - 7},{y2 - 4} L{x2},{y2} L{x2 - 7},{y2 + 4}"
        if y1 == y2
        else f"M{x2 - 4},{y2 - 7} L{x2},{y2} L{x2 + 4},{y2 - 7}"
    )
    return f"M{x1},{y1} L{x2},{y2} {tip}"
