"""Searches the ledger for a name that is not one of its keys.

The ledger holds no payload and no index by names, so its items are read one after the other and
compared. The hashes of names are computed for each item and stored nowhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdas.relay.destinations.correlation import read_expected
from lambdas.relay.entrances.events import identity_by_sender
from lambdas.relay.ledger.claims import PREFIX as CLAIM
from lambdas.relay.ledger.claims import owner_of
from lambdas.relay.requests.record import PREFIX as RECORD
from lambdas.relay.requests.record import batch_id_of
from lambdas.relay.routes.mapping import item_ids
from ops.connection import Relay
from ops.errors import OpsError
from ops.ledger_items import COST, READ_MAX, items
from ops.screen import plural

#: most different names that a beginning may stand for
NAMES_MAX = 50
#: attributes that contain a name unchanged
NAMED = (
    "envelope_id", "genesys_id", "context_id", "correlation_id", "conversation_id", "confirmed_by",
    "redelivery", "backfill",
)  # fmt: skip
#: those that contain several
LISTED = ("duplicates", "contradictions")
#: all of these, and the ones that the other names are made of
READ = ("pk", "sk", *NAMED, *LISTED, "expected", "sender", "payload_hash", "routes")


@dataclass(frozen=True, slots=True)
class Found:
    """Names that can be looked up directly."""

    names: Sequence[str]
    #: why the search ended before the ledger's end; "" if it did not
    unsearched: str


def search(relay: Relay, names: Sequence[str], *, thorough: bool) -> Found:
    """Searches for any spelling of a name. Raises OpsError if too many names start with it."""
    found: set[str] = set()
    for looked_at, item in enumerate(items(relay, READ)):
        if looked_at >= READ_MAX and not thorough:
            return Found(
                sorted(found),
                f"Only {plural(looked_at, 'item')} of the ledger were searched: use --thorough to "
                f"search all, {COST}.",
            )
        if any(is_meant(name, item) for name in names):
            found.add(_name_of(item))
        if len(found) > NAMES_MAX:
            raise OpsError(
                f"More than {NAMES_MAX} events and requests have a name that begins with "
                f"{names[0]}: give more of it, or list them with `relay list`."
            )
    return Found(sorted(found), "")


def is_meant(name: str, item: Mapping[str, object]) -> bool:
    """Whether an item of the ledger matches a name or its beginning: an id of a conversation, a
    request, an event, an envelope, an answer of Genesys, an order or a process; an id that a sender
    gave its event; the `id` of what was written to Genesys, or the key that it is to be found by
    there."""
    return _begins(name, item) or _is_made_of(name, item)


def _begins(name: str, item: Mapping[str, object]) -> bool:
    pk, sk = str(item["pk"]), str(item["sk"])
    owner, slash, identity = name.partition("/")
    if pk.startswith((f"{CLAIM}{name}", f"{RECORD}{name}")) or sk.startswith(f"E#{name}"):
        return True
    if slash and pk.startswith(f"{CLAIM}{owner}") and sk.startswith(f"E#{identity}"):
        return True
    known = [str(item.get(attribute, "")) for attribute in NAMED]
    known += [str(one) for attribute in LISTED for one in _all(item.get(attribute))]
    known += _keys_expected(str(item.get("expected", "")), name)
    return any(one.startswith(name) for one in known)


def _keys_expected(text: str, name: str) -> Sequence[str]:
    try:
        return [row.key for row in read_expected(text)] if name in text else []
    except (ValueError, TypeError):
        return []  # a damaged record


def _all(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _is_made_of(name: str, item: Mapping[str, object]) -> bool:
    """Whether a claim's hashes are those of a name; of a sender's id, of the whole of it."""
    if not str(item["pk"]).startswith(CLAIM) or "payload_hash" not in item:
        return False
    identity = str(item["sk"]).split("#")[1].partition("~")[0]
    sender, payload_hash = str(item.get("sender", "")), str(item["payload_hash"])
    if sender and identity == identity_by_sender(sender, name):
        return True
    ids = [
        one
        for route in _all(item.get("routes"))
        for one in item_ids(identity, payload_hash, str(route))
    ]
    return any(one.startswith(name) for one in ids)


def _name_of(item: Mapping[str, object]) -> str:
    pk, sk = str(item["pk"]), str(item["sk"])
    if pk.startswith(CLAIM):
        return f"{owner_of(pk)}/{sk.split('#')[1]}"
    return batch_id_of(pk)
