"""Demucs."""
