"""What the ledger holds: claims, records of requests, and items that all instances share."""
