"""Voxtral at Mistral's transcription service."""
