"""Small mistakes, planted one at a time: `make mistakes` says which tests catch each."""
