"""GLM-TTS from a checkout."""
