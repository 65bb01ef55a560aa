"""Whisper by OpenAI's own package."""
