"""Other designs, under the same faults, over the same fakes."""
