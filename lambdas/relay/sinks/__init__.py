"""Sinks: destinations outside Genesys, with the same claims, leases and records."""
