"""What the ledger holds: claims for ever, records of requests, items that many change together."""
