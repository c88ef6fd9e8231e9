"""The five functions: intake, dedup, write, confirm, reconcile."""
