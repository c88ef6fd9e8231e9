"""`relay dead-letters`: list, show, redrive, discard."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.progress import track

from lambdas.relay.kernel.reasons import sentence
from ops import dead_letter, discarding, moving
from ops.connection import CLOCK, Line, Relay
from ops.dead_letter import DeadLetter, Filter
from ops.errors import OpsError
from ops.screen import Screen, plural
from ops.session import Session, person, reason_given, session_of

app = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, redrive, discard.")


Queue = Annotated[str, typer.Option(help="Only this queue: events, batches, writes or checks.")]
Reason = Annotated[str, typer.Option(help="Only those whose reason contains this text.")]
Batch = Annotated[str, typer.Option(help="Only this batch (request), or its beginning.")]
Conversation = Annotated[str, typer.Option(help="Only this conversation, or its beginning.")]
Identity = Annotated[str, typer.Option(help="Only this event, or its beginning.")]
Message = Annotated[
    str,
    typer.Option(help="Only this SQS message; the first characters of its id are enough."),
]
Older = Annotated[
    str, typer.Option(help="Only those first seen at least this long ago: 90s, 15min, 2h, 3d.")
]
Most = Annotated[int, typer.Option(min=1, help="At most this many dead letters per queue.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
#: how to get at letters that were not read
REPEAT = "repeat the command, or use a higher --most"
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]


@dataclass(frozen=True, slots=True)
class Choice:
    """The letters that a command works on, with their queues."""

    chosen: Sequence[tuple[Line, DeadLetter]]
    passed_over: int
    #: how many dead letters to read per queue at most
    most: int
    #: the queues where that limit was reached: there may be more
    cut: Sequence[str]

    @property
    def count(self) -> int:
        return len(self.chosen)

    def unread(self, remedy: str) -> str:
        """A sentence saying that there may be more; empty if everything was read."""
        if not self.cut:
            return ""
        return (
            f"Reading stopped after {plural(self.most, 'dead letter')} of "
            f"{' and of '.join(self.cut)}; there may be more: {remedy}."
        )


@app.command("list")
def list_letters(
    context: typer.Context,
    queue: Queue = "",
    reason: Reason = "",
    batch: Batch = "",
    conversation: Conversation = "",
    identity: Identity = "",
    older_than: Older = "0s",
    most: Most = dead_letter.MOST_DEFAULT,
) -> None:
    """List dead letters: why, how often tried, since when, what about."""
    session = session_of(context)
    wanted = Filter(reason, batch, conversation, identity, "", dead_letter.seconds(older_than))
    with choose(session.relay, queue, wanted, most) as choice:
        session.screen.document([letter.document() for _, letter in choice.chosen])
        _table(choice, session.screen)
        if unread := choice.unread("use a higher --most"):
            session.screen.note(unread)


@app.command()
def show(context: typer.Context, message: str, most: Most = dead_letter.MOST_DEFAULT) -> None:
    """Show one dead letter whole: attributes and body. MESSAGE is its SQS message id."""
    session = session_of(context)
    if not message.strip():
        raise OpsError(
            "Which one? Give its id or the beginning of it: see `relay dead-letters list`."
        )
    with choose(session.relay, "", Filter(message=message), most) as choice:
        if not choice.chosen:
            unread = choice.unread("use a higher --most")
            remedy = f". {unread}" if unread else ": `relay dead-letters list`."
            raise OpsError(f"No dead letter has the id {message}{remedy}")
        if choice.count > 1:
            raise OpsError(
                f"{plural(choice.count, 'dead letter')} begin with {message}: give more of the id."
            )
        ((_, letter),) = choice.chosen
        _show(letter, session.screen)


def _show(letter: DeadLetter, screen: Screen) -> None:
    screen.document(letter.document())
    rows = [
        ("reason", sentence(letter.reason)),
        ("attempts", letter.attempts or "not stated"),
        ("first_seen", letter.first_seen),
        ("queue", letter.queue),
    ]
    known = {name for name, _ in rows}
    attributes = letter.delivery.attributes.items()
    rows += sorted((name, value) for name, value in attributes if name not in known)
    screen.table(("", ""), rows, title=letter.delivery.message_id)
    screen.say("")
    screen.say(letter.delivery.body)


@app.command()
def redrive(
    context: typer.Context,
    queue: Queue = "",
    reason: Reason = "",
    batch: Batch = "",
    conversation: Conversation = "",
    identity: Identity = "",
    message: Message = "",
    older_than: Older = "0s",
    most: Most = dead_letter.MOST_DEFAULT,
    whole_queue: Annotated[
        bool,
        typer.Option("--whole-queue", help="Let SQS move all of --queue, as the AWS console does."),
    ] = False,
    per_second: Annotated[
        int, typer.Option(min=1, max=500, help="With --whole-queue: messages a second.")
    ] = 10,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send dead letters back to the queue they came from. Safe to repeat and to interrupt."""
    session = session_of(context)
    since = dead_letter.seconds(older_than)
    wanted = Filter(reason, batch, conversation, identity, message, since)
    if whole_queue:
        if not queue or not wanted.is_empty:
            raise OpsError("--whole-queue goes with --queue and with no filter.")
        moving.move(session, session.relay.line(queue), per_second, dry_run=dry_run, yes=yes)
        return
    with choose(session.relay, queue, wanted, most) as choice:
        done = 0
        if _agreed(choice, session, "send back to work", dry_run=dry_run, yes=yes):
            for line, letter in _progress(choice, session.screen, "redriving"):
                dead_letter.send_back(session.relay, line, letter)
                done += 1
        remedy = f"{REPEAT}; --whole-queue moves all of --queue"
        _report(session.screen, choice, "redriven", done, remedy, dry_run=dry_run)


@app.command()
def discard(
    context: typer.Context,
    note: Annotated[str, typer.Option(help="Why; stored with the dead letter.")],
    queue: Queue = "",
    reason: Reason = "",
    batch: Batch = "",
    conversation: Conversation = "",
    identity: Identity = "",
    message: Message = "",
    older_than: Older = "0s",
    most: Most = dead_letter.MOST_DEFAULT,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Give dead letters up. They go into the vault (discarded/), with who and why."""
    session = session_of(context)
    note = reason_given(note)
    since = dead_letter.seconds(older_than)
    wanted = Filter(reason, batch, conversation, identity, message, since)
    if wanted.is_empty:
        raise OpsError("Choose the dead letters: --message, --batch, --reason or another filter.")
    with choose(session.relay, queue, wanted, most) as choice:
        done = 0
        if _agreed(choice, session, "discard for good", dry_run=dry_run, yes=yes):
            for line, letter in _progress(choice, session.screen, "discarding"):
                done += discarding.discard(session.relay, line, letter, person(), note)
        _report(session.screen, choice, "discarded", done, REPEAT, dry_run=dry_run)


@contextmanager
def choose(relay: Relay, queue: str, wanted: Filter, most: int) -> Iterator[Choice]:
    """Hides the letters while they are worked on, then releases those that are left."""
    read = [(line, dead_letter.read(relay, line, most)) for line in relay.lines(queue or None)]
    now_ms = CLOCK.now_ms()
    chosen = [(line, one) for line, found in read for one in found if wanted.takes(one, now_ms)]
    passed_over = sum(len(found) for _, found in read) - len(chosen)
    cut = [line.name for line, found in read if len(found) >= most]
    try:
        yield Choice(chosen, passed_over, most, cut)
    finally:
        for line, found in read:
            dead_letter.release(relay, line, found)


def _agreed(choice: Choice, session: Session, what: str, *, dry_run: bool, yes: bool) -> bool:
    """Whether to go on, after showing the person what is affected."""
    _table(choice, session.screen)
    if not choice.chosen or dry_run:
        return False
    session.screen.confirm(f"{what.capitalize()}: {plural(choice.count, 'dead letter')}?", yes=yes)
    return True


def _table(choice: Choice, screen: Screen) -> None:
    if not choice.chosen:
        screen.say("No dead letters." if not choice.passed_over else "No dead letter matches.")
        return
    screen.table(
        ("message", "queue", "first seen", "tries", "reason", "conversation", "batch"),
        [
            (
                letter.delivery.message_id[:8],
                letter.queue,
                letter.first_seen,
                letter.attempts or "-",
                sentence(letter.reason),
                letter.says("conversation") or "-",
                letter.says("batch") or "-",
            )
            for _, letter in choice.chosen
        ],
        right=("tries",),
    )
    left = (
        f", {plural(choice.passed_over, 'more does', 'more do')} not match"
        if choice.passed_over
        else ""
    )
    screen.say(f"{plural(choice.count, 'dead letter')}{left}.")


def _progress(choice: Choice, screen: Screen, what: str) -> Iterator[tuple[Line, DeadLetter]]:
    quiet = screen.as_json or not screen.console.is_terminal
    yield from track(choice.chosen, description=what, console=screen.console, disable=quiet)


def _report(
    screen: Screen, choice: Choice, what: str, done: int, remedy: str, *, dry_run: bool
) -> None:
    screen.document(
        {
            "matching": choice.count,
            what: done,
            "may_be_more": list(choice.cut),
            "letters": [one.document() for _, one in choice.chosen],
        }
    )
    if choice.chosen and dry_run:
        screen.say(f"{plural(choice.count, 'dead letter')} would be {what}. Nothing was changed.")
    elif choice.chosen:
        screen.say(f"{done} of {choice.count} {what}.")
    if unread := choice.unread(remedy):
        screen.say(unread, "yellow")
