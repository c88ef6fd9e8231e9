"""Where events come from: their shapes, their identity, and how senders authenticate."""
