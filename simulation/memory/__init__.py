"""The memory world: every neighbour of the relay, in memory, under virtual time.

One module per neighbour, each obeying the Protocol (`lambdas.relay.kernel.ports`) that the adapter
obeys. What AWS and Genesys keep is in one object that all callers share (`Table`, `StoredQueue`,
`Store`, `GenesysServer`); what a function holds of it is a port (`MemoryLedger`, `MemoryQueue`,
`MemoryVault`, `MemoryHttp`). Faults and switch points belong to the port: `faults.CALM` and
`gate.OpenGate` make a world in which nothing goes wrong, the simulation brings its own.
"""
