"""What people do by hand, tried at every moment of a message's way; `make hands` prints it."""
