"""Messages in queues: sealed batches, dead letters, and how each message is settled."""
