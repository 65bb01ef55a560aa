"""Resemblyzer: voices as vectors, from GE2E training."""
