"""What people do by hand, tried at every stage of a message; `make hands` prints it."""
