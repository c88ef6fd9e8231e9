"""`relay trace`: what became of an event, a conversation or a request, on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lambdas.relay.kernel.limits import CLAIM_TTL_S, DAY_S
from lambdas.relay.kernel.time_format import iso
from ops import event_history
from ops.audit_trail import RequestWay
from ops.connection import Relay
from ops.elsewhere import Elsewhere, Place
from ops.errors import OpsError
from ops.event_history import Answer, Way
from ops.screen import Screen, plural
from ops.spellings import spellings

#: events in a table, those first that are not delivered: a terminal has 40 lines or so
EVENTS_SHOWN = 30
GOOD = ("delivered", "duplicate", "claimed in shadow mode")
NOTHING = (
    f"Nothing is known of {{}}: it is not in the ledger, a queue, a dead letter, the quarantine "
    f"or a waiting payload. The ledger keeps items for {CLAIM_TTL_S // DAY_S} days and never the "
    "content of an event: look for a delivered event by one of its ids (its sender's own in full), "
    "or with `relay list` by time, topic, sender or state. An older event may be in the archive of "
    "its bus, which `relay replay-archive` reads by time: copies change nothing."
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a name stands for, in the ledger and elsewhere."""

    name: str
    answer: Answer
    places: Sequence[Place]

    def document(self) -> list[dict[str, Any]]:
        """For JSON output."""
        return [
            *(event_history.document(one) for one in self.answer.ways),
            *(place.document() for place in self.places),
        ]


def find(relay: Relay, name: str, *, sender: str, thorough: bool) -> Found:
    """Everything that the name stands for. Raises OpsError if that is nothing."""
    if not name.strip():
        raise OpsError("Whose history? Give an id or the beginning of one: see `relay list`.")
    names = spellings(name)
    answer = event_history.gather(relay, names, sender=sender, thorough=thorough)
    others = Elsewhere(relay)
    places = _kept(others, names, answer)
    if answer.is_empty and not places:
        found = event_history.of_names(relay, others.requests_that_say(names))
        answer = replace(found, unsearched=answer.unsearched)
    if answer.is_empty and not places:
        places = others.queued(names)
    if answer.is_empty and not places:
        raise OpsError(
            " ".join(filter(None, (NOTHING.format(name), answer.unsearched, *others.unread)))
        )
    return Found(name, answer, places)


def trace(relay: Relay, screen: Screen, name: str, *, sender: str, thorough: bool) -> None:
    """Shows everything that the name stands for, wherever it is. Raises OpsError."""
    told = find(relay, name, sender=sender, thorough=thorough)
    found, places = told.answer, told.places
    screen.document(told.document())
    if len(found.ways) == 1:
        _show(found.ways[0], screen)
    elif found.ways:
        _list(name, found.ways, screen)
    else:
        _show_requests(found, screen)
    _show_places(places, screen)
    if found.is_partial:
        screen.say("This is too much for one answer: name one request.", "yellow")
    if found.unsearched:
        screen.note(found.unsearched)


def _kept(others: Elsewhere, names: Sequence[str], found: Answer) -> list[Place]:
    """Where else it is kept, unless the ledger shows that everything is done."""
    if found.ways and all(map(_is_well, found.ways)):
        return []
    requests = {request.batch_id for one in found.ways for request in one.requests}
    requests |= {request.batch_id for request in found.requests}
    return others.kept([*names, *sorted(requests)])


def _show_places(places: Sequence[Place], screen: Screen) -> None:
    for place in places:
        screen.say(f"{place.where} {place.name}: {place.says}", "yellow")
        screen.say(f"  go on with: {place.command}")


def _show(one: Way, screen: Screen) -> None:
    event = one.event
    screen.say(f"{event.topic}: {one.fate}", _style(one.fate))
    rows = [
        ("event", event.identity),
        ("conversation", event.owner if event.owner != event.identity else "none"),
        ("envelope", event.envelope_id or "none"),
        ("destination", event.destination),
        *([("route", event.route)] if event.route else []),
    ]
    for request in one.requests[:1]:
        rows += _facts(request)
    if len(one.requests) > 2:
        rows.append(
            ("", f"... split, and split again: {plural(len(one.requests) - 2, 'part')} ...")
        )
    for request in one.requests[1:][-1:]:
        rows += _facts(request)
    screen.table(("", ""), rows)
    screen.say("")
    began = one.steps[0].at_ms
    screen.table(
        ("time (UTC)", "after", "what", "request"),
        [
            (
                clock(step.at_ms),
                f"{(step.at_ms - began) / 1000:.1f} s",
                step.what,
                step.batch_id[:8],
            )
            for step in one.steps
        ],
        right=("after",),
    )


def _facts(request: RequestWay) -> list[tuple[str, str]]:
    """A request's line, followed by what else is known of it."""
    of = f"{plural(len(request.events), 'event')}, {plural(request.attempts, 'attempt')}"
    rows = [("request", f"{request.batch_id}  {request.state}, {of}")]
    for name, value in (
        ("  answer", " ".join(filter(None, (request.genesys_id, request.context_id)))),
        ("  confirmed by", request.confirmed_by),
        ("  reason", request.reason),
        ("  possible duplicates", str(request.reposts) if request.reposts else ""),
        ("  compensated by", request.compensated_by),
    ):
        if value:
            rows.append((name, value))
    return rows


def clock(at_ms: int) -> str:
    """Date and time to the millisecond."""
    return f"{iso(at_ms)[:-1].replace('T', ' ')}.{at_ms % 1000:03}"


def _list(name: str, told: Sequence[Way], screen: Screen) -> None:
    first = sorted(told, key=_is_well)[:EVENTS_SHOWN]
    shown = [one for one in told if one in first]
    screen.table(
        ("claimed (UTC)", "topic", "event", "request", "fate"),
        [
            (
                clock(one.event.claimed_at_ms),
                short_topic(one.event.topic, one.event.owner),
                one.event.identity,
                one.request[:8],
                one.fate,
            )
            for one in shown
        ],
        title=f"{name}: {plural(len(told), 'event')}",
        styles=[None if _is_well(one) else "yellow" for one in shown],
    )
    if len(told) > len(shown):
        screen.say(f"... and {plural(len(told) - len(shown), 'event')} more: --json lists them.")
    event = shown[0].event
    screen.say(f"To see one step by step: relay trace {event.owner}/{event.identity}")


def _is_well(one: Way) -> bool:
    return one.fate.startswith(GOOD)


def short_topic(topic: str, owner: str) -> str:
    """A topic without the prefix that every topic has."""
    return topic.replace("v2.detail.events.conversation.", "").replace(f"{owner}.", "")


def _style(fate: str) -> str:
    return "green" if fate.startswith(GOOD) else "yellow"


def _show_requests(found: Answer, screen: Screen) -> None:
    """Requests whose claims are not made yet, or were never needed."""
    for request in found.requests:
        fate = event_history.FATES.get(request.state, request.state)
        screen.say(f"request {request.batch_id}: {fate}", _style(fate))
        screen.table(("", ""), _facts(request))
        screen.table(
            ("time (UTC)", "what"),
            [(clock(moment.at_ms), moment.what) for moment in request.moments],
        )
