"""Fun-ASR-Nano."""
