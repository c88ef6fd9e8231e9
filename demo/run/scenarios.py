"""The scenarios of `make run SCENARIO=...`; each one that does more than publish has its own
module."""

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
