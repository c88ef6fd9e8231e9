"""Sinks: what batches go to beside Genesys, under the same claims, leases and records."""
