"""Pages are a function of what was read: readings in, HTML out. An event's contents are always
text; only the templates are HTML (autoescape), and they contain no scripts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined

from lambdas.relay.kernel.lanes import without_lane
from lambdas.relay.kernel.time_format import iso
from ops import review, review_cases
from ops.audit_trail import RequestWay
from ops.console.documents import linked
from ops.console.readings import Case
from ops.dead_letters import Choice
from ops.event_history import FATES, Way
from ops.health import Standing
from ops.listing import Listed
from ops.screen import age, number, plural
from ops.trace import GOOD, clock, short_topic

Tone = Literal["good", "bad", "wait", "quiet"]

UNSENT = frozenset({"SEALED", "OPEN"})
AWAITED = frozenset({"PENDING_EVENT", "TIMEOUT_RECOVERY"})
#: Genesys' answer, by the request's state: a word, and a default for the details
ANSWERS: Mapping[str, tuple[str, Tone, str]] = {
    **dict.fromkeys(
        ("DONE", "CONFIRMED", "RECONCILED", *AWAITED), ("answered", "good", "accepted")
    ),
    "SPLIT": ("answered", "good", "split into parts"),
    "EMPTY": ("not sent", "quiet", "another request delivered it"),
    "MERGED": ("not sent", "quiet", "merged into another request"),
    "REJECTED": ("refused", "bad", "waits for a person"),
    "MANUAL_REVIEW": ("undecided", "bad", "waits for a person"),
    "DISCARDED": ("discarded", "bad", "discarded by a person"),
}

_environment = Environment(
    loader=PackageLoader("ops.console", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page."""

    title: str
    may_change: bool
    #: the page's own place in the navigation
    here: str
    #: what was searched for, for the field at the top
    asked: str = ""
    #: whether there are other environments to show
    has_others: bool = False


def render(page: str, frame: Frame, **shown: Any) -> str:
    """A whole page."""
    return _environment.get_template(f"{page}.html.j2").render(frame=frame, **shown)


def fragment(name: str, **shown: Any) -> str:
    """A part of a page that is refreshed while it is open."""
    return _environment.get_template(f"_{name}.html.j2").render(**shown)


# Status


def headline(standing: Standing) -> tuple[Tone, str]:
    """One sentence that says whether a person is needed."""
    count = len(standing.troubles)
    if not count:
        return "good", "Nothing needs attention."
    needs = "thing needs" if count == 1 else "things need"
    return "bad", f"{number(count)} {needs} attention."


def standing(shown: Standing) -> Mapping[str, Any]:
    """The status page."""
    reading = shown.reading
    tone, sentence = headline(shown)
    cases = sorted(shown.cases, key=lambda case: case.since_ms)
    return {
        "standing": shown,
        "reading": reading,
        "tone": tone,
        "sentence": sentence,
        "queues": [_queue(name, depth, shown) for name, depth in reading.depths.items()],
        "share": _share(reading.slots_used, reading.slots_allowed),
        "cases": [(case, age((reading.now_ms - case.since_ms) / 1000)) for case in cases],
        "reconciled": None
        if reading.reconciled is None
        else age((reading.now_ms - reading.reconciled.at_ms) / 1000),
    }


#: which function receives from a queue, and what for
TAKEN_BY = {
    "events": ("intake", "seals events into batches"),
    "batches": ("dedup", "claims each event once"),
    "writes": ("write", "writes to Genesys Cloud"),
    "checks": ("confirm", "confirms effects by events"),
}


def sentence_of(fate: str) -> str:
    """A fate as the head of a page."""
    return fate[:1].upper() + fate[1:]


def _queue(name: str, depth: Any, shown: Standing) -> Mapping[str, Any]:
    verb, does = TAKEN_BY.get(without_lane(name), ("", ""))
    tone: Tone = "bad" if depth.dead else "wait" if depth.waiting or depth.in_flight else "quiet"
    return {"name": name, "verb": verb, "does": does, "depth": depth, "tone": tone}


def _share(used: int, allowed: int) -> int:
    """A percentage, rounded down, at most 100."""
    return min(100, round(100 * used / allowed)) if allowed else 0


# An event's history


@dataclass(frozen=True, slots=True)
class Station:
    """A stage that every event passes: what it is, this event's state there, and since when."""

    name: str
    tone: Tone
    says: str
    at_ms: int | None


def tone_of(fate: str) -> Tone:
    if fate.startswith(GOOD):
        return "good"
    return "bad" if "person" in fate or "gone" in fate else "wait"


def stations(way: Way) -> list[Station]:
    """An event's history as five stages, whatever happened at each."""
    sealed = next((step.at_ms for step in way.steps if step.what == "sealed"), None)
    last = way.requests[-1] if way.requests else None
    claimed = Station("claimed", "good", f"by {way.event.batch_id[:8]}", way.event.claimed_at_ms)
    return [
        Station("sealed", "good" if sealed else "quiet", way.event.destination, sealed),
        claimed,
        *(_after(last) if last else [Station("its record is missing", "bad", "", None)]),
    ]


def _after(last: RequestWay) -> list[Station]:
    first = next((m.at_ms for m in last.moments if m.what not in ("sealed", "claimed")), None)
    sent: Tone = "wait" if last.state in UNSENT else "good" if last.attempts else "quiet"
    name, tone, says = ANSWERS.get(last.state, ("answer", "quiet", "not yet"))
    return [
        Station("sent", sent, plural(last.attempts, "attempt"), first),
        Station(name, tone, last.reason or last.genesys_id or says, None),
        _confirmation(last),
    ]


def _confirmation(last: RequestWay) -> Station:
    if last.confirmed_by or last.state in ("CONFIRMED", "RECONCILED"):
        return Station("confirmed", "good", last.confirmed_by or "by asking Genesys", None)
    if last.state in AWAITED:
        return Station("confirmation", "wait", "waiting for its event", None)
    return Station("confirmation", "quiet", "none awaited", None)


def way(one: Way) -> Mapping[str, Any]:
    """The page of one event."""
    began = one.steps[0].at_ms
    return {
        "way": one,
        "tone": tone_of(one.fate),
        "stations": stations(one),
        "steps": [
            (clock(step.at_ms), f"{(step.at_ms - began) / 1000:.1f} s", step.what, step.batch_id)
            for step in one.steps
        ],
    }


def rows(ways: Sequence[Way]) -> list[Mapping[str, Any]]:
    """Events as lines of a table."""
    return [
        {
            "at": clock(one.event.claimed_at_ms)[:-4],
            "topic": short_topic(one.event.topic, one.event.owner),
            "destination": one.event.destination,
            "identity": one.event.identity,
            "name": f"{one.event.owner}/{one.event.identity}",
            "request": one.request,
            "fate": one.fate,
            "tone": tone_of(one.fate),
        }
        for one in ways
    ]


#: filters of the page of events, as in `relay list`: name and example
EVENT_FILTERS: Mapping[str, str] = {
    "from": "2h",
    "to": "2026-11-27T03:00Z",
    "topic": "order.*",
    "destination": "journey",
    "state": "rejected",
    "field": "sender=shop.example",
}


def events(listed: Listed, asked: Mapping[str, str]) -> Mapping[str, Any]:
    """The page of events, filtered as requested."""
    found = plural(len(listed.ways), "event") if listed.ways else "No event"
    further = urlencode({**asked, "after": listed.further}) if listed.further else ""
    return {
        "filters": [(name, asked.get(name, ""), hint) for name, hint in EVENT_FILTERS.items()],
        "found": f"{found} in {plural(listed.read, 'item')} of the ledger; "
        + ("there are more." if listed.further else "there are no more."),
        "rows": rows(listed.ways),
        "further": f"/events?{further}" if further else "",
    }


# Dead letters and cases


def letters(choice: Choice, reason: str) -> Mapping[str, Any]:
    """The page of dead letters with this reason."""
    queues = sorted({line.name for line, _ in choice.chosen})
    return {"choice": choice, "reason": reason, "queues": queues}


#: what a person found, and the option of `relay review resolve`
VERDICTS: Sequence[tuple[str, str]] = (
    ("did-not-happen", "It is missing: deliver it again"),
    ("happened", "It is there: close the case"),
    ("discard", "It is not wanted: close the case, and keep it for a year"),
)
#: the same for an unreadable message, which is never in Genesys
UNREAD_VERDICTS: Sequence[tuple[str, str]] = (
    ("did-not-happen", "This release can read it: read it again"),
    ("discard", "It is not wanted: close the case, and keep it for a year"),
)


def case(one: Case) -> Mapping[str, Any]:
    """The page of one case."""
    if one.parked is None:
        document = one.document or {}
        facts = [("reason", str(document.get("reason", "")))]
        facts += [("advice", str(document["advice"]))] if document.get("advice") else []
        facts += [("since", iso(int(document.get("at_ms", 0))))]
        shown: dict[str, Any] = {
            "facts": facts,
            "events": [],
            "message": str(document.get("message")),
        }
        verdicts, looked = UNREAD_VERDICTS, "What you found out about the message:"
    else:
        document = one.parked.document or {}
        events = review_cases.events_of(one.parked)
        shown = {"facts": review.facts(one.parked), "events": events, "message": ""}
        verdicts, looked = VERDICTS, "What you found in Genesys:"
    sides = {name: document.get(name) for name in ("expected", "found", "answer")}
    return {"case": one, "verdicts": verdicts, "looked": looked, **shown, **sides}


_environment.filters |= {
    "iso": iso,
    "clock": clock,
    "age": age,
    "number": number,
    "plural": plural,
    "linked": linked,
    "sentence": sentence_of,
    "fate": lambda state: FATES.get(state, state),
    "json": lambda value: json.dumps(value, indent=2, ensure_ascii=False, default=str),
}
