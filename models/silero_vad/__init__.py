"""Silero VAD."""
