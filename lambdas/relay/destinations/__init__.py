"""Destinations: what differs between the Genesys endpoints that take events.

One module per kind; each builds a `Destination` from an environment's configuration.
"""
