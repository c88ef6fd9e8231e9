"""The relay's configuration in a run."""

from dataclasses import replace
from itertools import cycle

from lambdas.relay.destinations import journey
from lambdas.relay.destinations.correlation import Confirmation
from lambdas.relay.destinations.destination import Destination
from lambdas.relay.destinations.results import any_answer
from lambdas.relay.destinations.truth import Truth
from lambdas.relay.entrances.events import Reader
from lambdas.relay.entrances.identities import Rules
from lambdas.relay.kernel.canonical import Json
from lambdas.relay.kernel.lanes import LANES
from lambdas.relay.kernel.limits import GENESYS_BODY_BYTES_MAX
from lambdas.relay.routes.configuration import Configuration
from lambdas.relay.routes.route import Route
from simulation import workload
from simulation.memory.endpoint import HOST
from simulation.memory.genesys import ITEM_PATH
from simulation.regimes import Regime
from simulation.scenario import Scenario
from simulation.senders import FLAT, ORDER, PLAIN_DETAIL, STEP
from simulation.sessions import SESSION
from simulation.states import MEMBERSHIP
from simulation.world_paths import PATH, SECOND_PATH

#: the route of most events, and the second one of audits
ALL, AGAIN = "all", "audits again"
SECOND_ITEM: Json = {"id": "id", "marker": "body.second"}


def configuration_of(scenario: Scenario) -> Configuration:
    """The destination as the scenario's regime describes it, and a route for each shape."""
    regime = scenario.regime
    destination = Destination(
        name="simulated",
        kind="simulated",
        method="POST",
        path=PATH,
        shape="lists",
        into="entities",
        most_items=scenario.most_items,
        most_bytes=GENESYS_BODY_BYTES_MAX,
        item=_item("body"),
        key=regime.key,
        unknown=regime.unknown,
        read_results=any_answer if regime.takes_whole else journey.read_results,
        confirmation=_confirmation(regime),
        is_repeatable=regime.is_repeatable,
    )
    topics = ("v2.detail.events.*", "v2.audits.*", "v2.simulated.*", FLAT, PLAIN_DETAIL)
    audits_again = Route(AGAIN, destination, ("v2.audits.*",), SECOND_ITEM)
    second = replace(destination, name="elsewhere", path=SECOND_PATH, service=scenario.sink)
    if scenario.sink == "https":
        second = replace(second, host=HOST, read_results=any_answer)
    wanted, elsewhere = "!(body.unwanted)", "body.elsewhere"
    routes = [Route(ALL, destination, topics, _item("body"), when=wanted)]
    if scenario.ending.second:
        routes = [
            replace(routes[0], when=f"{wanted} && !({elsewhere})"),
            Route("elsewhere", second, topics, _item("body"), when=f"{wanted} && {elsewhere}"),
        ]
    configuration = Configuration(
        {route.destination.name: route.destination for route in routes},
        (
            *([audits_again] if scenario.two_routes else []),
            *routes,
            Route("business", destination, (ORDER,), _item("body.attributes")),
            Route("posted", destination, (STEP,), _item("body.data")),
            Route("sessions", destination, (SESSION,), {"id": "id", "marker": "body.marker"}),
            Route("states", destination, (MEMBERSHIP,), {"id": "id", "marker": "envelope_id"}),
        ),
        Reader(workload.SOURCE, Rules(((SESSION, "moment"),))),
    )
    return in_lanes(configuration) if scenario.has_lanes else configuration


def in_lanes(configuration: Configuration) -> Configuration:
    """The same, with its routes distributed over the lanes."""
    routes = zip(configuration.routes, cycle(LANES), strict=False)
    return replace(
        configuration,
        has_lanes=True,
        routes=tuple(replace(route, lane=lane) for route, lane in routes),
    )


def _item(inside: str) -> Json:
    return {
        "id": "id",
        "marker": f"{inside}.marker",
        "poison": f"{inside}.poison",
        "said": f"{inside}.said",
    }


#: no event shows a request, but each item can be queried
_ASKED = Confirmation(
    "entity",
    topics=(),
    window_s=1,
    key="id",
    truth=Truth(ITEM_PATH + "{key}", lambda document, _: "agrees", is_of_item=True),
)


def _confirmation(regime: Regime) -> Confirmation | None:
    if regime.reads_back:
        return _ASKED
    if regime.confirmed_within_s is None:
        return None
    return Confirmation("correlation", (workload.ECHO,), window_s=regime.confirmed_within_s)
