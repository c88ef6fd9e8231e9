"""Correlation: matches Genesys' events to the requests that caused them."""
