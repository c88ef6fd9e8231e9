"""The one endpoint of the simulated Genesys."""

PATH = "/api/v2/simulated/events"
