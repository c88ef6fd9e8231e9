"""Programs of a sender's side, to start from. Each runs by itself: `python -m examples.<name>`."""
