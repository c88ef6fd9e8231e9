"""What people give to the tools, and what the tools are answered: files of events, tables of other
consumers, orders that somebody edited, addresses of the console, answers to a probe.

Whatever is wrong with it gives a one-sentence error (`OpsError`), never a traceback.
"""

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast
from urllib.parse import quote, urlencode

from demo.run.captured import read_file
from demo.run.lines import InputError
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.ports import Answer, Taken
from lambdas.relay.ledger.redelivery import order
from lambdas.relay.sinks.https import judge as judge_https
from lambdas.relay.sinks.records import judge as judge_records
from ops import listing
from ops.console.app import console
from ops.console.door import Door
from ops.console.readings import Readings
from ops.errors import OpsError
from ops.genesys_probe import token_of
from ops.import_claims import handled, shadows, table_of
from ops.repetition import judged
from simulation.fuzz.inputs import ODD, damaged
from simulation.fuzz.places import CONFIGURATION, NOW_MS, Broken, Site, envelope
from simulation.memory.credentials import PERSONAL_KEY

DOOR = Door("a token that only this console has", 8080, may_change=True)
PATHS = ("/", "/trace", "/events", "/dead-letters", "/cases", "/docs/runbook.md", "/change")
NAMES = ("name", "from", "to", "topic", "state", "field", "queue", "reason", "command", "seal")
STATUSES = (200, 201, 202, 204, 301, 400, 401, 403, 404, 409, 413, 429, 460, 499, 500, 503)


def _odd_text(random: Random) -> str:
    return str(random.choice(ODD)).encode("utf-8", "replace").decode()


def _answer(random: Random, document: Json) -> tuple[Answer, str]:
    odd = damaged(document, random)
    headers = {"retry-after": _odd_text(random), "content-type": "application/json"}
    body = odd.encode("utf-8", "surrogatepass")
    return Answer(random.choice(STATUSES), headers, body), odd


def redeliveries(site: Site, random: Random) -> str:
    """An order that somebody edited in the ledger, and what the archive replays under its name."""
    first, other = envelope(1), envelope(2)
    sound = order("redeliver-a", ["i"], ["all"], "me", "why", NOW_MS)
    odd = damaged({name: sound[name] for name in ("events", "routes", "note")}, random)
    try:
        members = json.loads(odd)
    except ValueError:
        members = {}
    members = members if isinstance(members, dict) else {}
    site.table.items[sound["pk"], sound["sk"]] = {**members, "pk": sound["pk"], "sk": sound["sk"]}
    site.invoke("intake", [json.dumps({**first, "replay-name": "redeliver-a"}), json.dumps(other)])
    batches = site.take("batches")
    if not all(site.invoke("dedup", batches)):
        raise Broken("a replayed event, or its neighbour, is not done")
    site.take("writes")
    return odd


def captured(site: Site, random: Random) -> str:
    """`make run EVENTS=`, `relay import-claims --events`."""
    odd = damaged(random.choice((envelope(1), [envelope(1), envelope(2)])), random)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(odd.encode("utf-8", "surrogatepass"))
        with suppress(InputError, OpsError):
            lines = read_file(Path(file.name)).lines
            shadows([line.text for line in lines], CONFIGURATION, lambda: PERSONAL_KEY)
    return odd


def tables(site: Site, random: Random) -> str:
    """`relay import-claims --known`."""
    typed = {"Items": [{"conversationId": {"S": "c"}, "timestamp": {"N": "1"}}]}
    odd = damaged(random.choice((typed, {"conversationId": "c", "timestamp": 1})), random)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(odd.encode("utf-8", "surrogatepass"))
        with suppress(OpsError):
            handled([], table_of(Path(file.name)), ["conversationId", "timestamp"])
    return odd


def questions(site: Site, random: Random) -> str:
    """What `relay list` is asked for."""
    since, until, topic, destination, state = said = [_odd_text(random) for _ in range(5)]
    fields = [f"route={topic}", state][: random.randrange(3)]
    with suppress(OpsError):
        listing.wanted(since, until, topic, destination, state, fields, NOW_MS)
    return repr(said)


class _Silent:
    """Readings of a relay that cannot be reached."""

    title = "a relay"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def silent(*args: Any, **more: Any) -> Any:
            raise OpsError("The relay cannot be reached.")

        return silent


def addresses(site: Site, random: Random) -> str:
    """Requests to the console, from a browser that was let in or from anybody."""
    path = random.choice(PATHS) + random.choice(("", "", f"/{quote(_odd_text(random)[:200])}"))
    asked = {random.choice(NAMES): _odd_text(random)[:500] for _ in range(3)}
    method = random.choice(("GET", "GET", "POST", "HEAD", "PUT"))
    body = urlencode(asked).encode() if random.random() < 0.7 else _odd_text(random).encode()
    headers = {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"}
    headers["cookie"] = f"{DOOR.cookie}={DOOR.token}"
    if random.random() < 0.3:
        headers[random.choice(tuple(headers))] = _odd_text(random)[:500]
    status = asyncio.run(_asked(path, urlencode(asked), method, headers, body))
    if status >= 500:
        raise Broken(f"answered {status}")
    return f"{method} {path} {asked}"


async def _asked(
    path: str, query: str, method: str, headers: Mapping[str, str], body: bytes
) -> int:
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path,
        "raw_path": quote(path).encode(), "query_string": query.encode(), "scheme": "http",
        "headers": [(n.encode(), v.encode("utf-8", "replace")) for n, v in headers.items()],
        "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    app = console(cast(Readings, _Silent()), DOOR, 5, lambda: False)
    await app(scope, receive, cast(Any, send))
    return statuses[0]


@dataclass(frozen=True, slots=True)
class _Says:
    answer: Answer

    def send(self, *request: Any) -> Answer:
        return self.answer


def probes(site: Site, random: Random) -> str:
    """What Genesys answers to `relay doctor` and `relay probe`."""
    answer, odd = _answer(random, {"access_token": "t", "id": "x", "entities": [{"id": "y"}]})
    another, _ = _answer(random, {"id": "x", "contextId": "c"})
    judged(answer, another, {"id": "z"})
    with suppress(OpsError):
        token_of(_Says(answer), "https://login.example", "id", "secret")
    return odd


def sinks(site: Site, random: Random) -> str:
    """What an operator's own endpoint answers, and AWS's codes for single records."""
    answer, odd = _answer(random, {"error": "no", "message": {"code": 1}})
    judge_https(answer, NOW_MS)
    judge_records(Taken([_odd_text(random) for _ in range(random.randrange(4))]))
    return odd


#: each raises Broken, or the error that escaped
HANDS: Mapping[str, Callable[[Site, Random], str]] = {
    "redelivery": redeliveries,
    "captured file": captured,
    "another consumer's table": tables,
    "question": questions,
    "address": addresses,
    "probe": probes,
    "sink": sinks,
}
