"""`relay console`: what the commands tell, on one local page for people who would rather look."""
