"""AWS behind the SDK: the real adapters over botocore, answered out of the simulated world.

What botocore is about to send, signed and serialised, is taken off it and answered here by the
services' own wire protocols; retries, errors and time-outs are botocore's. So what an adapter asks,
and what it makes of an answer, is in the proof.
"""
