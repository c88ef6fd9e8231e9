"""Requests to Genesys Cloud: admission, one request, the meaning of its answer, how long to
wait."""
