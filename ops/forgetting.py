"""`relay forget`: erases what the relay stores about one person, and records that it did.

It erases the vault's documents that contain the name, in all their versions, and the name wherever
items of the ledger contain it. Claims stay: they hold hashes, and without them delivered events
would be delivered again. What is still in progress stays, too, and is listed: erasing it would lose
an event. Nothing can be removed from EventBridge's archives, logs, queues and backups; they expire
by themselves (docs/data.md).
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from lambdas.adapters.ledger import unpack
from lambdas.relay.kernel.canonical import canonical
from lambdas.relay.kernel.personal import hidden, is_personal
from lambdas.relay.kernel.ports import Change, Guard, Item
from lambdas.relay.kernel.vault_keys import DISCARDED, ERASURES, QUARANTINE, REVIEW, SEALED
from lambdas.relay.ledger.claims import PREFIX as CLAIM
from lambdas.relay.ledger.claims import owner_key, owner_of
from lambdas.relay.requests.record import PREFIX, SORT_KEY, Record, batch_id_of
from lambdas.relay.requests.states import FINAL
from ops.connection import CLOCK, Relay
from ops.errors import OpsError
from ops.personal import personal_key, unkeyed
from ops.screen import plural
from ops.session import person, reason_given, session_of
from ops.spellings import spellings

#: a shorter name would match other people's data
NAME_CHARS_MIN = 6
ERASED = "<erased>"
REMAINING = (
    "EventBridge's archives, the queues, the logs and the ledger's backups cannot be searched or "
    "changed; docs/data.md says when each of them expires."
)


@dataclass(slots=True)
class Traces:
    """Where a name occurs."""

    #: keys and versions of the vault's documents
    documents: list[tuple[str, str]] = field(default_factory=list)
    #: finished items of the ledger
    items: list[Item] = field(default_factory=list)
    #: its hashes without a key, as earlier releases wrote them
    hashes: Mapping[str, str] = field(default_factory=dict)
    #: claims of earlier releases, whose keys contain it or such a hash, with their keys of today
    claims: list[tuple[Item, str]] = field(default_factory=list)
    #: other keys that contain it, which stay until they expire
    keys: int = 0
    #: unfinished requests that contain the name
    under_way: set[str] = field(default_factory=set)


def forget(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="A conversation, or whatever identifies the person: a number, an address, an id."
        ),
    ],
    note: Annotated[str, typer.Option(help="Why; this is recorded. Do not state the name.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Erase; without it nothing is changed.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase what the relay stores about a person. Claims stay, as hashes: no event is delivered
    twice."""
    session = session_of(context)
    relay, screen = session.relay, session.screen
    why = reason_given(note)
    if len(name.strip()) < NAME_CHARS_MIN:
        raise OpsError(f"{name!r} is too short to identify one person: give all of it.")
    if name in why:
        raise OpsError(
            "--note contains the name, and notes are kept: refer to the person's request instead."
        )
    traces = find(relay, name)
    items = len(traces.items) + len(traces.claims)
    found = f"{plural(len(traces.documents), 'document version')} and {plural(items, 'item')}"
    row = {
        "documents": len(traces.documents),
        "items": items,
        "keys": traces.keys,
        "under_way": sorted(traces.under_way),
    }
    screen.say(f"{found} of the ledger contain it.")
    if traces.keys:
        screen.note(
            f"{plural(traces.keys, 'key contains', 'keys contain')} it in the ledger, for example "
            "as a conversation's id; what is stored there is erased, and keys expire in a month."
        )
    if traces.under_way:
        screen.note(
            f"Kept: {plural(len(traces.under_way), 'request')} in progress or waiting for you: "
            f"{', '.join(sorted(traces.under_way))}. Resolve them (`relay review`) or wait, then "
            "repeat this."
        )
    if not apply:
        screen.document({**row, "state": "DRY_RUN"})
        screen.say(f"Nothing was changed: use --apply to erase it. {REMAINING}")
        return
    screen.confirm(f"{found} would be erased for good. Erase them?", yes=yes)
    erase(relay, name, traces)
    record = f"{ERASURES}{secrets.token_hex(8)}.json"
    said = {"by": person(), "note": why, "at_ms": CLOCK.now_ms(), **row}
    relay.vault.keep(record, canonical(said))
    screen.document({**row, "state": "ERASED", "record": record})
    screen.say(f"Erased, as {record} records. {REMAINING}", "green")


def find(relay: Relay, name: str) -> Traces:
    """Reads the whole ledger and every version of every document."""
    traces = Traces(hashes=unkeyed(spellings(name)))
    names = (name, *traces.hashes)
    unfinished: set[str] = set()
    for item in _items(relay):
        is_record = item["sk"] == SORT_KEY and str(item["pk"]).startswith(PREFIX)
        at_rest = not is_record or Record.of(item).state in FINAL
        if not at_rest:
            unfinished.add(batch_id_of(str(item["pk"])))
        if _says(names, [item["pk"], item["sk"]]):
            rekeyed = _rekeyed(relay, item, traces.hashes)
            if rekeyed:
                traces.claims.append((item, rekeyed))
                continue
            traces.keys += 1
        if _says(names, _attributes(item)):
            if at_rest:
                traces.items.append(item)
            else:
                traces.under_way.add(batch_id_of(str(item["pk"])))
    for key, version in _versions(relay):
        batch_id = key.partition("/")[2].removesuffix(".json")
        if not _document_says(relay, name, key, version):
            continue
        if key.startswith((REVIEW, SEALED)) and batch_id in unfinished:
            traces.under_way.add(batch_id)
        else:
            traces.documents.append((key, version))
    return traces


def erase(relay: Relay, name: str, traces: Traces) -> None:
    """Repeatable. Raises OpsError if an item changed meanwhile; others may then be erased."""
    bucket = relay.output("VaultBucketName")
    for key, version in traces.documents:
        relay.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    names = (name, *traces.hashes)
    for item, rekeyed in traces.claims:
        # Insert the hashed claim before deleting: so a copy always meets one of them.
        relay.ledger.insert([{**item, "pk": rekeyed}])
        named: Any = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        relay.dynamodb.delete_item(TableName=relay.output("LedgerTableName"), Key=named)
    for item in traces.items:
        before = {k: value for k, value in _attributes(item).items() if _says(names, value)}
        after = {k: _without(names, value) for k, value in before.items()}
        guard = Guard(None, same=before)
        if not relay.ledger.change(item["pk"], item["sk"], guard, Change(put=after)).applied:
            raise OpsError("The ledger changed in the meantime: repeat the command.")


def _rekeyed(relay: Relay, item: Item, hashes: Mapping[str, str]) -> str:
    """The partition that a claim of an earlier release has today; "" if it is the same. Raises
    OpsError if the environment's key cannot be read."""
    pk = str(item["pk"])
    owner = owner_of(pk)
    name = hashes.get(owner, owner)
    is_other = pk.startswith(CLAIM) and is_personal(name)
    return owner_key(hidden(name, lambda: personal_key(relay))) if is_other else ""


def _attributes(item: Item) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


def _items(relay: Relay) -> Iterator[Item]:
    pages = relay.dynamodb.get_paginator("scan").paginate(
        TableName=relay.output("LedgerTableName"), ConsistentRead=True
    )
    for page in pages:
        yield from map(unpack, page["Items"])


def _versions(relay: Relay) -> Iterator[tuple[str, str]]:
    for prefix in (QUARANTINE, REVIEW, SEALED, DISCARDED):
        pages = relay.s3.get_paginator("list_object_versions").paginate(
            Bucket=relay.output("VaultBucketName"), Prefix=prefix
        )
        for page in pages:
            for row in page.get("Versions", []):
                yield row["Key"], row["VersionId"]


def _document_says(relay: Relay, name: str, key: str, version: str) -> bool:
    bucket = relay.output("VaultBucketName")
    body = relay.s3.get_object(Bucket=bucket, Key=key, VersionId=version)["Body"].read()
    text = body.decode("utf-8", "surrogatepass")
    return any(spelling in text for spelling in _spellings(name))


def _spellings(name: str) -> Sequence[str]:
    """A document holds messages, which hold JSON, which may hold JSON: at each level, non-ASCII
    letters, quotes and backslashes in a name are escaped once more."""
    spellings, escaped = [name], name
    for _ in range(3):
        escaped = json.dumps(escaped)[1:-1]
        spellings.append(escaped)
    return spellings


def _says(names: Sequence[str], value: Any) -> bool:
    spelt = [spelling for name in names for spelling in _spellings(name)]
    return any(spelling in text for text in _texts(value) for spelling in spelt)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _without(names: Sequence[str], value: Any) -> Any:
    match value:
        case str():
            for spelling in (each for name in names for each in reversed(_spellings(name))):
                value = value.replace(spelling, ERASED)
            return value
        case dict():
            return {_without(names, key): _without(names, inner) for key, inner in value.items()}
        case list():
            return [_without(names, inner) for inner in value]
        case _:
            return value
