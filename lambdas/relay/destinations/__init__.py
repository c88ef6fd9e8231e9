"""Destinations: the differences between the Genesys endpoints that accept events.

One module per kind; each builds a `Destination` from an environment's configuration.
"""
