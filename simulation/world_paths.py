"""The endpoints of the simulated Genesys: the one, and that of the second destination."""

PATH = "/api/v2/simulated/events"
SECOND_PATH = "/api/v2/simulated/elsewhere"
