"""Runs inside the emulator's process and environment: standard library and ministack only."""
