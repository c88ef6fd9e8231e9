"""`relay console`: what the commands show, as a local web page."""
