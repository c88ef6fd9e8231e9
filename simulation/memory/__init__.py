"""The memory world: every neighbour of the relay, in memory, under virtual time.

One module per neighbour, each implementing the same Protocol (`lambdas.relay.kernel.ports`) as the
adapter. What AWS and Genesys keep is in one object that all callers share (`Table`, `StoredQueue`,
`Store`, `GenesysServer`); a function's access to it is a port (`MemoryLedger`, `MemoryQueue`,
`MemoryVault`, `MemoryHttp`). Faults and switch points belong to the port: `faults.CALM` and
`gate.OpenGate` make a world without faults; the simulation brings its own.
"""
