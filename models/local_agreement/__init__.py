"""Whisper made to stream by LocalAgreement."""
