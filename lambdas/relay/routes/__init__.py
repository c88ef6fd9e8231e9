"""Routes: which events go to which destination, and by which mapping."""
