"""`make run`: the whole relay on the embedded AWS, against the simulated Genesys Cloud."""
