"""Whisper by whisper.cpp."""
