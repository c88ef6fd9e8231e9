"""`make run`: the whole relay on this machine, and a page that tells what became of it."""
