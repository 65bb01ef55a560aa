"""Kokoro: English speech from one network with many voices."""
