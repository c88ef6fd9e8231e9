"""Where events come from: their shapes, their identity, and how a sender proves itself."""
