"""Cohere Transcribe."""
