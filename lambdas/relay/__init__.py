"""The domain: pure decisions and use cases over small Protocols.

No boto3, no clock, no environment, no randomness: those are arguments.
"""
