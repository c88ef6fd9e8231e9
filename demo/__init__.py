"""`make run`: the whole relay on this machine, and a page that shows what became of its events."""
