"""The configuration as the functions load it: resolved and checked at synthesis. The document does
not contain the code of a kind (how it reads results, how it compares)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdas.relay.destinations.correlation import Compensation, Confirmation, Place
from lambdas.relay.destinations.destination import Destination, KeyPolicy
from lambdas.relay.destinations.kind import Kind
from lambdas.relay.destinations.kinds import KINDS
from lambdas.relay.destinations.truth import Truth, truth_at
from lambdas.relay.entrances.events import Reader
from lambdas.relay.entrances.identities import Rules
from lambdas.relay.kernel.breakers import (
    Breakers,
    DestinationBreaker,
    LedgerBreaker,
    SilenceBreaker,
)
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route

Row = Mapping[str, Any]


def load(document: Row) -> Configuration:
    """Restores the configuration that `stacks.schema.resolving.resolve` wrote."""
    destinations = {row["name"]: _destination(row) for row in document["destinations"]}
    former = {name: d for d in destinations.values() for name in d.formerly}
    breakers = document["breakers"]
    return Configuration(
        {**destinations, **former},
        tuple(_route(row, destinations) for row in document["routes"]),
        Reader(document["partner_source"], Rules(_pairs(document["identity"]))),
        {sender: tuple(types) for sender, types in document["sender_types"].items()},
        Breakers(
            DestinationBreaker(**breakers["destination"]),
            LedgerBreaker(**breakers["ledger"]),
            SilenceBreaker(**breakers["silence"]),
        ),
        document["lanes"],
    )


def _destination(row: Row) -> Destination:
    kind = KINDS[row["kind"]]
    more = {
        "key": KeyPolicy(**row["key"]),
        "read_results": kind.read_results,
        "required": tuple(row["required"]),
        "formerly": tuple(row["formerly"]),
        "confirmation": row["confirmation"] and _confirmation(row["confirmation"], kind),
    }
    return Destination(**{**row, **more})


def _confirmation(row: Row, kind: Kind) -> Confirmation:
    more = {
        "truth": row["truth"] and _truth(row["truth"], kind.confirmation),
        "place": row["place"] and Place(**row["place"]),
        **{name: row[name] and Compensation(**row[name]) for name in ("compensation", "cancel")},
        **{name: tuple(row[name]) for name in ("topics", "follows", "completed_by", "shows")},
    }
    return Confirmation(**{**row, **more})


def _truth(path: str, own: Confirmation | None) -> Truth:
    return truth_at(path) if own is None or own.truth is None else replace(own.truth, path=path)


def _route(row: Row, destinations: Mapping[str, Destination]) -> Route:
    more = {
        "destination": destinations[row["destination"]],
        "topics": tuple(row["topics"]),
        "formerly": tuple(row["formerly"]),
    }
    return Route(**{**row, **more})


def _pairs(rows: Any) -> Any:
    return tuple((first, second) for first, second in rows)
