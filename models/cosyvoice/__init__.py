"""CosyVoice from a checkout."""
