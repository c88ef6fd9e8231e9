"""`relay review`: list, show and resolve cases that only a person can decide."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from lambdas.relay.kernel.reasons import Code, code_of, read_reason, sentence
from lambdas.relay.kernel.time_format import iso
from lambdas.relay.requests.damage import LONG_AGO_MS
from lambdas.relay.requests.record import Record, read_line
from lambdas.relay.requests.states import PARKED, State
from lambdas.relay.review.quarantined import quarantine_key, read_again
from lambdas.relay.review.resolution import Decision, Parked, Verdict, resolve
from ops import discarding, review_cases
from ops.connection import CLOCK, Relay
from ops.errors import OpsError
from ops.event_history import FATES
from ops.review_cases import Waiting
from ops.screen import Screen, plural
from ops.session import Session, person, reason_given, session_of

app = typer.Typer(no_args_is_help=True, help="Cases for a person to decide: list, show, resolve.")

Most = Annotated[int, typer.Option(min=1, help="At most this many cases of each kind.")]
MOST_DEFAULT = 200
#: lines of a history that say that the request took effect
TOOK_EFFECT = {Code.FOUND_TAKEN, Code.HAD_TAKEN_EFFECT}
#: a record that was made for one of these reasons counts no attempts, and there may have been some
FORGOTTEN = {
    Code.RECORD_GONE: "its record was missing, so nothing says how often it was sent",
    Code.BEYOND_HORIZON: "nothing says any more whether its events were delivered",
}


@app.command("list", short_help="List what waits for a person.")
def list_cases(context: typer.Context, most: Most = MOST_DEFAULT) -> None:
    """List what waits for a person: refused or undecidable requests, unreadable messages."""
    session = session_of(context)
    cases = review_cases.cases(session.relay, most)
    session.screen.document([_row(case) for case in cases.found])
    if not cases.found:
        session.screen.say("Nothing waits for a person.")
        return
    session.screen.table(
        ("id", "state", "since", "events", "destination", "reason"),
        [
            (
                one.name,
                one.state,
                one.since,
                one.events or "-",
                one.destination,
                sentence(one.reason),
            )
            for one in cases.found
        ],
        right=("events",),
    )
    if cases.may_be_more:
        session.screen.note(
            f"The list stops after {plural(most, 'case')} of each kind; there may be more: use a "
            "higher --most."
        )


@app.command()
def show(context: typer.Context, case: str) -> None:
    """Show one case with everything there is to decide by. CASE is its id, or its beginning."""
    session = session_of(context)
    name = review_cases.whole_id(session.relay, case)
    if review_cases.is_batch_id(name):
        _show_request(review_cases.parked_request(session.relay, name), session.screen)
        return
    document = review_cases.quarantine_document(session.relay, name)
    session.screen.document({"id": name, **document})
    session.screen.table(
        ("", ""),
        [
            ("reason", sentence(document["reason"])),
            *_advice(document),
            ("since", iso(int(document["at_ms"]))),
        ],
        title=name,
    )
    session.screen.say("")
    session.screen.say(str(document["message"]))


@app.command("resolve")
def resolve_case(
    context: typer.Context,
    case: str,
    note: Annotated[str, typer.Option(help="Why you decide this; kept in the record's history.")],
    did_not_happen: Annotated[
        bool,
        typer.Option(
            "--did-not-happen",
            help="You have checked that it is not in Genesys: deliver it again.",
        ),
    ] = False,
    happened: Annotated[
        bool, typer.Option("--happened", help="You found it in Genesys: close the case.")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="It must never be delivered: close the case.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Decide a case. CASE is its id, or its beginning."""
    session = session_of(context)
    verdict = _verdict(did_not_happen, happened, discard)
    note = reason_given(note)
    name = review_cases.whole_id(session.relay, case)
    decision = Decision(verdict, person(), note)
    if review_cases.is_batch_id(name):
        _resolve_request(session, name, decision, dry_run=dry_run, yes=yes)
    else:
        _resolve_message(session, name, decision, dry_run=dry_run, yes=yes)


def _verdict(did_not_happen: bool, happened: bool, discard: bool) -> Verdict:
    chosen: list[Verdict] = []
    if did_not_happen:
        chosen.append("again")
    if happened:
        chosen.append("happened")
    if discard:
        chosen.append("discard")
    if len(chosen) != 1:
        raise OpsError(
            "Choose one of --did-not-happen (deliver it again), --happened and --discard."
        )
    return chosen[0]


def _resolve_request(
    session: Session, name: str, decision: Decision, *, dry_run: bool, yes: bool
) -> None:
    relay, screen = session.relay, session.screen
    parked = review_cases.parked_request(relay, name)
    if parked.record.state not in PARKED and parked.document is None:
        fate = FATES.get(parked.record.state, parked.record.state)
        raise OpsError(f"Request {name} needs no decision: {fate}. See: relay trace {name}")
    events = plural(len(parked.item.get("events", ())), "event")
    what = {
        "again": f"Deliver the {events} of request {name} again, as a new request",
        "happened": f"Close request {name} ({events}) as having taken effect",
        "discard": f"Discard request {name}: {events} will never be delivered",
    }[decision.verdict]
    screen.say(f"{parked.record.state}: {sentence(parked.record.reason)}")
    if not dry_run:
        screen.confirm(f"{what}?", yes=yes)
        if decision.verdict == "discard" and parked.document is not None:
            why = {"by": decision.who, "note": decision.note, "reason": str(parked.item["reason"])}
            discarding.keep(relay, str(parked.document["message"]), why)
        state = resolve(
            parked,
            decision,
            ledger=relay.ledger,
            vault=relay.vault,
            writes=relay.writes,
            now_ms=CLOCK.now_ms(),
        )
        after = review_cases.parked_request(relay, name).record
        screen.say(f"Done: {_outcome(state, after)}", "green")
    screen.document({"id": name, "verdict": decision.verdict, "done": not dry_run})
    if dry_run:
        screen.say(f"{what}. Nothing was changed.")


def _outcome(state: State, record: Record) -> str:
    """The decision's result, and how to follow it."""
    if state == "SPLIT":
        (*_, child) = record.part_ids
        return f"it is sent again as request {child}. Follow it with: relay trace {child}"
    if state == "EMPTY":
        return "another request has already delivered its events, so nothing is sent again."
    return f"the case is closed: {FATES[state]}."


def _resolve_message(
    session: Session, name: str, decision: Decision, *, dry_run: bool, yes: bool
) -> None:
    """A quarantined message returns to intake (after a release that can read it) or is removed."""
    relay, screen = session.relay, session.screen
    document = review_cases.quarantine_document(relay, name)
    if decision.verdict == "happened":
        raise OpsError("This message could not be read: choose --did-not-happen or --discard.")
    again = decision.verdict == "again"
    what = f"{'Read' if again else 'Discard'} the quarantined message {name}{' again' * again}"
    screen.say(sentence(str(document["reason"])))
    if dry_run:
        screen.say(f"{what}. Nothing was changed.")
    else:
        screen.confirm(f"{what}?", yes=yes)
        _move_message(relay, name, document, decision)
        screen.say("Done.", "green")
    screen.document({"id": name, "verdict": decision.verdict, "done": not dry_run})


def _move_message(relay: Relay, name: str, document: dict[str, Any], decision: Decision) -> None:
    text = str(document["message"])
    if decision.verdict == "again":
        events = relay.queue(relay.line("events").url)
        read_again(name, text, vault=relay.vault, events=events)
        return
    why = {"by": decision.who, "note": decision.note, "reason": str(document["reason"])}
    discarding.keep(relay, text, why)
    relay.vault.discard(quarantine_key(name))


def _show_request(parked: Parked, screen: Screen) -> None:
    item, record, kept = parked.item, parked.record, parked.document or {}
    events = review_cases.events_of(parked)
    document = {"record": dict(item), "events": list(events), "review": parked.document}
    screen.document(document)
    screen.table(("", ""), facts(parked), title=record.batch_id)
    _show_comparison(kept, screen)
    for event in events:
        screen.say("")
        screen.say(f"{event['topic']}  conversation {event['conversation'] or '-'}", "bold")
        screen.say(_json(event["item"], indent=2))


def facts(parked: Parked) -> list[tuple[str, str]]:
    """What is known of a parked request, one line each, in the order in which people ask."""
    item, record = parked.item, parked.record
    return [
        ("state", record.state),
        ("reason", sentence(str(item.get("reason", "")))),
        *_advice(parked.document or {}),
        ("attempts", str(record.attempt)),
        ("destination", str(item.get("destination", ""))),
        ("in doubt", _doubt(record, item)),
        *(("history", _history(line)) for line in record.history),
    ]


def _advice(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What a person can do about it, if the function that parked the request knew."""
    return [("advice", str(document["advice"]))] if document.get("advice") else []


def _show_comparison(document: dict[str, Any], screen: Screen) -> None:
    """What the request was meant to cause, and what Genesys showed instead. The latter is Genesys'
    own document, so it is shown unchanged; it may have been cut for length."""
    expected, found = document.get("expected"), document.get("found")
    if expected:
        screen.say("")
        screen.table(
            ("expected of", "member", "value"),
            [
                (key, member, value if isinstance(value, str) else _json(value))
                for key, shows in expected.items()
                for member, value in shows.items()
            ],
        )
    if document.get("answer"):
        screen.say("Genesys' answer", "bold")
        screen.say(str(document["answer"]))
    if found is not None:
        screen.say("")
        screen.say("found", "bold")
        screen.say(found if isinstance(found, str) else _json(found, indent=2))


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False)


def _doubt(record: Record, item: Mapping[str, Any]) -> str:
    """Whether it may have taken effect, and how that is known: the line to decide by. An attempt
    without a recorded outcome is as unknown as one that timed out."""
    if record.state == "REJECTED":
        return "no: Genesys refused it"
    if taken := [what for what in _told(record) if code_of(what) in TOOK_EFFECT]:
        return f"no: it took effect: {sentence(taken[-1])}"
    if record.doubt_since_ms == LONG_AGO_MS:
        return "yes: it may have taken effect at any time"
    if record.doubt_since_ms:
        return f"yes, since {iso(record.doubt_since_ms)}: it may have taken effect"
    if accepted := item.get("accepted_at_ms"):
        return f"no: Genesys accepted it at {iso(int(accepted))}"
    if record.attempt == 0 and (why := FORGOTTEN.get(read_reason(record.reason).code)):
        return f"yes: {why}"
    if record.attempt == 0:
        return "no: it was never sent"
    if any(f" #{record.attempt} " in line for line in record.history):
        return "no: every attempt's outcome is in the history, and none took effect"
    return f"yes: attempt {record.attempt} was started, and its outcome is unknown"


def _told(record: Record) -> Iterator[str]:
    """What each line of its history says, as it is stored."""
    yield from (read[2] for line in record.history if (read := read_line(line)))


def _history(line: str) -> str:
    at_ms, _, rest = line.partition(" ")
    return f"{iso(int(at_ms))} {rest}" if at_ms.isdecimal() else line


def _row(case: Waiting) -> dict[str, object]:
    return {
        "id": case.name,
        "state": case.state,
        "reason": sentence(case.reason),
        "code": read_reason(case.reason).code.name,
        "since": case.since,
        "destination": case.destination,
        "events": case.events,
    }
