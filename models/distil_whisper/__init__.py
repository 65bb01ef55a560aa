"""Distil-Whisper by transformers."""
