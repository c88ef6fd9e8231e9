"""What every room may know: ports, limits, errors, canonical JSON."""
