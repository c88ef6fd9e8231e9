"""`make acceptance`: the stack in a real account, from the first deploy to the last resource."""
