"""Requests: the ledger's record of each, and all changes of its state.

`record` reads the item. `sending`, `tracking` and `resolving` contain the transitions, each a guard
and a change: those of dedup and write, of confirm and reconcile, and of a person. `states` defines
as data the states, the transitions between them, and the invariants of a record in each.
"""
