"""Asking Genesys Cloud: whose turn it is, one request, what its answer means, how long to wait."""
