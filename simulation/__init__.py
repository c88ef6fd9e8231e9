"""The deterministic simulation: the production use cases in the memory world, one run per seed.

scenario.py   what a seed draws: regime, workload, which faults and how often
workload.py   what Genesys publishes in it; senders.py: what applications send
world.py      the neighbours, the functions and AWS's part between them
scheduler.py  which invocation runs next, and which dies
checker.py    the account of every event, from the outside
mutants/      mistakes that must be detected; rivals/: other designs under the same faults
"""
