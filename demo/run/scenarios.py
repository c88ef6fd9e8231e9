"""The scenarios that `make run SCENARIO=...` knows; each one that does more than publish has a
module of its own."""

from collections.abc import Mapping

from demo.run import incident, journey, shipped, teams, tracked
from demo.run.lines import generate
from demo.run.scenario import Scenario

SCENARIOS: Mapping[str, Scenario] = {
    "day": Scenario(lines=generate),
    "incident": incident.SCENARIO,
    "journey": journey.SCENARIO,
    "shipped": shipped.SCENARIO,
    "teams": teams.SCENARIO,
    "tracked": tracked.SCENARIO,
}
