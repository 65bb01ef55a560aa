"""VibeVoice-ASR."""
