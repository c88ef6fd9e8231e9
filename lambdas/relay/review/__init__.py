"""What needs somebody: dead letters, overdue records, and what only a person can decide."""
