"""The use cases of the functions, one per module, over the ports."""
