"""What every package may import: ports, limits, errors, canonical JSON."""
