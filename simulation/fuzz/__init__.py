"""Fuzzing: what nobody would send, sent to every place where something from outside comes in."""
