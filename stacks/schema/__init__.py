"""What an environment may say of destinations and routes, and what is made of it. Read at synthesis
only: the functions load the result (lambdas/relay/routes/resolved.py)."""
