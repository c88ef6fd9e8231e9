"""One module per neighbour: ledger, queues, vault, genesys, credentials, settings, telemetry."""
