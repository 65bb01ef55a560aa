"""GLM-ASR-Nano-2512."""
