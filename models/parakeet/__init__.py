"""Parakeet."""
