"""Requests: what the ledger records of each, and every change of state that there is.

`record` reads the item. `sending`, `tracking` and `resolving` are the transitions, each a guard and
a change, by those who make them: dedup and write, confirm and reconcile, a person. `states` says as
data which states there are, which transitions lead where, and what holds of a record in each.
"""
