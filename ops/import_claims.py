"""`relay import-claims`: turns what another consumer has handled into claims, so that the relay
treats it as copies (docs/migration.md).

The events are sealed in shadow, just as intake would, and go directly to the batches queue; the
events to compare with them still wait in the events queue. dedup claims them: there is no second
way to make a claim.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from demo.run.documents import Broken, split
from demo.run.lines import Line
from lambdas.adapters.clock import SystemEntropy
from lambdas.relay.functions.intake import Deps, intake
from lambdas.relay.kernel.metrics import Metric
from lambdas.relay.kernel.ports import Delivery, Outgoing
from lambdas.relay.kernel.reasons import sentence
from lambdas.relay.messages.consumer import Consumer
from lambdas.relay.routes.configuration import Configuration
from ops import deployed
from ops.captured import content_of, lines_of
from ops.connection import CLOCK
from ops.errors import OpsError
from ops.personal import personal_key
from ops.screen import plural
from ops.session import session_of

#: members of a detail by which the table of text D of docs/migration.md identifies an event
KNOWN_BY = "conversationId,timestamp"


def import_claims(
    context: typer.Context,
    events: Annotated[
        Path, typer.Option(help="A file of captured events, in any format that `make run` reads.")
    ],
    known: Annotated[
        Path | None,
        typer.Option(
            help=(
                "The other consumer's table, as JSON objects or as `aws dynamodb scan` writes it: "
                "only events in it are claimed. Without it, all are."
            )
        ),
    ] = None,
    by: Annotated[
        str, typer.Option(help="The members that rows of the table and an event's detail share.")
    ] = KNOWN_BY,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be claimed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Claim what another consumer has handled, so that the relay does not write it again. Safe to
    repeat."""
    session = session_of(context)
    read = lines_of(events)
    chosen = read if known is None else handled(read, table_of(known), by.split(","))
    found = shadows(
        [line.text for line in chosen],
        deployed.configuration(session.relay),
        lambda: personal_key(session.relay),
    )
    session.screen.say(
        f"{plural(len(read), 'event')}, {len(chosen)} of them handled elsewhere: "
        f"{plural(found.events, 'claim')} in {plural(len(found.messages), 'message')}; "
        f"{plural(len(found.refused), 'unreadable event')}." + " Nothing was changed." * dry_run
    )
    for reason in sorted(set(found.refused)):
        session.screen.note(f"Not claimed, because the relay would quarantine it: {reason}.")
    told = {"events": len(read), "known": len(chosen), "refused": len(found.refused)}
    if dry_run or not found.messages:
        session.screen.document({**told, "claims": 0})
        return
    session.screen.confirm("Claim them?", yes=yes)
    session.relay.queue(session.relay.line("batches").url).send(found.messages)
    session.screen.document({**told, "claims": found.events})
    session.screen.say("Sent to dedup. `relay status` shows when its queue is empty.", "green")


@dataclass(slots=True)
class Shadows:
    """What would be sent, and why the rest was left out."""

    messages: list[Outgoing] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        return sum(int(message.attributes["events"]) for message in self.messages)

    # In-memory replacements for intake's neighbours: a queue, a vault and a log.

    def send(self, messages: Sequence[Outgoing]) -> None:
        self.messages += messages

    def keep(self, key: str, document: str) -> None:
        self.refused.append(sentence(json.loads(document)["reason"]))

    def count(self, metric: Metric, value: float = 1) -> None:
        pass

    def note(self, message: str, **fields: object) -> None:
        pass


def shadows(
    texts: Sequence[str], configuration: Configuration, personal_key: Callable[[], str]
) -> Shadows:
    """Sealed batches of these envelopes, with every route in shadow."""
    found = Shadows()
    neighbour: Any = found
    routes = tuple(replace(route, is_shadow=True) for route in configuration.routes)
    deps = Deps(
        consumer=Consumer(
            neighbour, neighbour, neighbour, CLOCK, SystemEntropy(), neighbour, configuration.reader
        ),
        batches=neighbour,
        # Events caused by our own requests were not handled by another consumer.
        configuration=Configuration({}, routes, configuration.reader),
        personal_key=personal_key,
    )
    now_ms = CLOCK.now_ms()
    arrived = [Delivery(str(number), "", text, 1, now_ms) for number, text in enumerate(texts)]
    if intake(arrived, deps):
        personal_key()  # its own sentence, if that is why
        raise OpsError(
            "An event could not be sealed. This is a bug in the relay: please report it."
        )
    return found


def table_of(path: Path) -> list[Mapping[str, Any]]:
    """The rows of a table, in any of its export formats. Raises OpsError."""
    try:
        # Skipping an unreadable line could mean writing its event twice.
        rows = [json.loads(row.text) for row in split(content_of(path))]
    except (Broken, ValueError) as error:
        raise OpsError(f"{path}: cannot be read as JSON: {error}.") from error
    found: list[Mapping[str, Any]] = []
    for row in rows:
        items = row.get("Items", [row.get("Item", row)]) if isinstance(row, dict) else row
        rows_of_it = items if isinstance(items, list) else []
        found += [_plain(item) for item in rows_of_it if isinstance(item, dict)]
    if not found:
        raise OpsError(
            f"{path} contains no rows: create it with `aws dynamodb scan --table-name <name>`."
        )
    return found


def _plain(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without DynamoDB's types: {"S": "x"} is "x"."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: Any) -> Any:
    match value:
        case {"S": str(text)} if len(value) == 1:
            return text
        case {"N": str(number)} if len(value) == 1:
            return number
        case _:
            return value


def handled(
    lines: Sequence[Line], rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> list[Line]:
    """The events that the table contains. Raises OpsError if no row could contain any."""
    keys = {tuple(str(row[name]) for name in names) for row in rows if set(names) <= set(row)}
    if not keys:
        raise OpsError(
            f"No row of the table has {' and '.join(names)}: name the members that a row and an "
            "event's detail share with --by, such as --by id."
        )
    return [line for line in lines if _key(line.document, names) in keys]


def _key(envelope: Any, names: Sequence[str]) -> tuple[str, ...] | None:
    """A detail's values for these members, from itself or its eventBody."""
    detail = envelope.get("detail") if isinstance(envelope, dict) else None
    if not isinstance(detail, dict):
        return None
    body = detail.get("eventBody")
    said = {**(body if isinstance(body, dict) else {}), **detail}
    return tuple(str(said.get(name)) for name in names) if set(names) <= set(said) else None
