"""`relay probe`: how Genesys treats a repeated request, tried on a sandbox organisation.

Genesys documents the Idempotency-Key for one operation only and promises no deduplication by ids,
so the relay assumes neither. This sends one event's request three times: twice with one key, once
with another key and the same item. If an answer holds an id that Genesys made, the answers tell
the three apart; if none does, a person must check how often it took effect. Ids that are the same
in all answers may be of the organisation or of the path: a fourth request, for the same event under
another id, shows whether they change with the effect.
"""

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from lambdas.relay.entrances.events import Event
from lambdas.relay.genesys.outcomes import words
from lambdas.relay.kernel.limits import SEALED_BYTES_MAX
from lambdas.relay.kernel.ports import Answer
from lambdas.relay.messages.sealing import Batch, SealedEvent, seal
from lambdas.relay.routes.rendering import Rendered, rendered
from ops.errors import OpsError
from ops.genesys_probe import Caller, send, token_of
from ops.http import operators_http
from ops.mapping_trial import tried
from ops.session import session_of
from ops.setup_journey import credentials_said
from ops.try_event import configuration_of, event_of

#: doubled: it took effect a second time; unclear: the answers do not show it
Verdict = Literal["recognised", "doubled", "conflict", "refused", "unclear"]

SAYS: Mapping[Verdict, str] = {
    "recognised": "recognised: the first answer was repeated",
    "conflict": "recognised: answered 409",
    "doubled": "not recognised: it took effect again",
    "refused": "refused",
    "unclear": "unclear from the answers: look in Genesys how often it took effect",
}


@dataclass(frozen=True, slots=True)
class Found:
    """The result of repeating a request under its key, and its item under another key."""

    by_key: Verdict
    by_id: Verdict

    def settings(self, destination: str) -> Iterator[str]:
        """The matching settings for the environment file."""
        if self.by_key in ("recognised", "conflict"):
            yield f"[destinations.{destination}.key]"
            yield (
                "honoured_hours = 2  # at least; how long exactly, a probe of a minute cannot show"
            )
        if self.by_key == "conflict":
            yield "repeat_answers_409 = true"
        if self.by_id == "recognised":
            yield f"[destinations.{destination}]"
            yield "ids_honoured = true"


def judged(first: Answer, again: Answer, sent: Any) -> Verdict:
    """What the answer to the repetition shows, compared with the first. `sent`: the body; its own
    ids show nothing if they come back."""
    if again.status == 409:
        return "conflict"
    if not 200 <= again.status < 300:
        return "refused"
    own = set(_texts(sent))
    made = set(_ids(_document(first))) - own
    made_again = set(_ids(_document(again))) - own
    if not made or not made_again:
        return "unclear"
    return "recognised" if made == made_again else "doubled"


def _document(answer: Answer) -> Any:
    try:
        return json.loads(answer.body or b"null")
    except ValueError:
        return None


def _ids(document: Any) -> Iterator[str]:
    """The ids in an answer: strings in members with such a name."""
    match document:
        case dict():
            for name, value in document.items():
                if isinstance(value, str) and name.lower().endswith("id"):
                    yield value
                yield from _ids(value)
        case list():
            for value in document:
                yield from _ids(value)


def _texts(document: Any) -> Iterator[str]:
    match document:
        case str():
            yield document
        case dict():
            for value in document.values():
                yield from _texts(value)
        case list():
            for value in document:
                yield from _texts(value)


def repeated(caller: Caller, batch: Batch, another: Batch) -> Found:
    """Sends it three times, and `another`, which takes effect in any case, if only that can show
    what the answers mean. Raises OpsError if the first one is refused."""
    body, key = batch.body(), str(uuid.uuid4())
    sent = json.loads(body)
    first = _send(caller, batch, key)
    if not 200 <= first.status < 300:
        raise OpsError(
            f"Genesys refuses the first request: {words(first)}. Repeating it would show nothing: "
            "use an event whose item Genesys accepts."
        )
    by_key = judged(first, _send(caller, batch, key), sent)
    by_id = judged(first, _send(caller, batch, str(uuid.uuid4())), sent)
    if "recognised" in (by_key, by_id) and "doubled" not in (by_key, by_id):
        control = judged(first, _send(caller, another, str(uuid.uuid4())), sent)
        if control != "doubled":
            return Found(_unclear(by_key), _unclear(by_id))
    return Found(by_key, by_id)


def _unclear(verdict: Verdict) -> Verdict:
    """What the same ids in an answer show, if those of another effect are the same, too."""
    return "unclear" if verdict == "recognised" else verdict


def _send(caller: Caller, batch: Batch, key: str) -> Answer:
    headers = {
        "Authorization": f"Bearer {caller.token}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": key,
    }
    url = f"{caller.api_url.rstrip('/')}{batch.target.path}"
    return send(caller.http, batch.target.method, url, headers, batch.body())


def probe(
    context: typer.Context,
    event: Annotated[Path, typer.Option(help="A file with one event, however captured.")],
    sandbox: Annotated[
        bool,
        typer.Option(
            "--sandbox", help="Confirm that this may write to Genesys, up to four times per route."
        ),
    ] = False,
) -> None:
    """Find out, in a sandbox organisation, how Genesys treats a repeated key and a repeated id. The
    OAuth client comes from the variables GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET."""
    session = session_of(context)
    if not sandbox:
        raise OpsError(
            "This sends each route's request to Genesys Cloud up to four times: add --sandbox if "
            "the organisation is one where that does no harm."
        )
    environment = configuration_of(session.target.environment)
    read = event_of(event)
    relay = environment.document.relay
    other = replace(read, identity=uuid.uuid4().hex)
    requests = [
        (_request(read, trial.made), _request(other, rendered(trial.route, other)))
        for trial in tried(environment.configuration, read)
        if trial.takes and trial.made is not None
    ]
    if not requests:
        raise OpsError(f"No route makes a request from {event}: `relay try` shows why.")
    http = operators_http()
    client_id, client_secret = credentials_said(os.environ)
    token = token_of(http, relay.genesys_login_url, client_id, client_secret)
    rows: list[dict[str, Any]] = []
    for batch, another in requests:
        destination = batch.target.destination
        found = repeated(Caller(http, relay.genesys_api_url, token), batch, another)
        settings = list(found.settings(destination))
        rows.append({"destination": destination, "key": found.by_key, "id": found.by_id})
        session.screen.say(f"{destination}: {batch.target.method} {batch.target.path}")
        session.screen.say(f"  the same key again: {SAYS[found.by_key]}")
        session.screen.say(f"  another key, the same item: {SAYS[found.by_id]}")
        session.screen.say("\n".join(f"  {line}" for line in settings or _NOTHING), "green")
    session.screen.document(rows)


_NOTHING = ("nothing to add to the environment file: its defaults are safe",)


def _request(event: Event, made: Rendered) -> Batch:
    sealed = SealedEvent(
        identity=event.identity,
        payload_hash=event.payload_hash,
        conversation_id=event.conversation_id or "",
        envelope_id=event.envelope_id,
        topic=event.topic,
        correlation_id="",
        accepted_at_ms=0,
        into=made.into,
        item=made.item,
    )
    nonce = uuid.uuid4().hex
    (batch,) = seal(
        made.target, [sealed], now_ms=0, nonce=nonce, most_events=1, most_bytes=SEALED_BYTES_MAX
    )
    return batch
