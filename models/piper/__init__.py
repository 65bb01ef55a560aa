"""Piper: speech on a CPU."""
