"""Deepgram's transcription service."""
