"""Pocket TTS: speech on a CPU."""
