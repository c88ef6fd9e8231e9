"""The audit: compares Genesys' own record of conversations with the claims in the ledger."""
