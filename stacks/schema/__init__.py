"""How an environment describes destinations and routes, and what that becomes. Used at synthesis
only: the functions load the result (lambdas/relay/routes/resolved.py)."""
