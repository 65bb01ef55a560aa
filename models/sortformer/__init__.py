"""Sortformer."""
