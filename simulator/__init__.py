"""A simulated Genesys Cloud: a pure core (`platform`) and a thin HTTP shell (`server`)."""
