"""Nemotron 3 Diarization by NVIDIA, on transformers."""
