"""Routes: which events go to which destination, and as what."""
