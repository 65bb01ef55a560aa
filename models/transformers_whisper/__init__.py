"""Whisper by transformers."""
