"""The document that the functions load: a configuration with all defaults filled in."""

from dataclasses import asdict, fields
from typing import Any

from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route

#: left out: known only to the kind, or only to a configuration as a whole
NOT_SAID = ("read_results", "writes")


def resolve(configuration: Configuration) -> dict[str, Any]:
    """For `lambdas.relay.routes.resolved.load`, which turns it back into the same configuration."""
    own = {d.name: d for d in configuration.destinations.values()}
    return {
        "destinations": [_destination(destination) for destination in own.values()],
        "routes": [_route(route) for route in configuration.routes],
        "partner_source": configuration.reader.partner_source,
        "identity": configuration.reader.rules.stated,
        "sender_types": dict(configuration.sender_types),
        "breakers": asdict(configuration.breakers),
        "lanes": configuration.has_lanes,
    }


def _destination(destination: Destination) -> dict[str, Any]:
    confirmation = destination.confirmation
    return {
        **_said(destination),
        "key": asdict(destination.key),
        "confirmation": None if confirmation is None else _confirmation(confirmation),
    }


def _confirmation(confirmation: Confirmation) -> dict[str, Any]:
    truth, said = confirmation.truth, _said(confirmation)
    made = {name: said[name] and asdict(said[name]) for name in ("compensation", "cancel", "place")}
    return {**said, **made, "truth": None if truth is None else truth.path}


def _route(route: Route) -> dict[str, Any]:
    return {**_said(route), "destination": route.destination.name}


def _said(made: Destination | Confirmation | Route) -> dict[str, Any]:
    return {f.name: getattr(made, f.name) for f in fields(made) if f.name not in NOT_SAID}
