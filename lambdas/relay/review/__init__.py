"""Review: cases that only a person can decide."""
