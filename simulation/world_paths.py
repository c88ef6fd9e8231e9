"""The simulated Genesys' endpoints: its own, and the second destination's."""

PATH = "/api/v2/simulated/events"
SECOND_PATH = "/api/v2/simulated/elsewhere"
