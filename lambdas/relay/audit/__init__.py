"""What never came: Genesys' own record of conversations beside what the ledger holds."""
