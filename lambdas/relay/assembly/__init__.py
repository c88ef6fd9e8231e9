"""Assembly: ports and settings in, functions out. The one place where the parts are joined.

The handlers, the simulation, the benchmarks and the tests all get their functions here, each from
a world of its own, so that what is simulated is what is deployed. One module for each function:
a handler imports what its own function needs, and a cold start pays for no more.
"""
