"""RNNoise."""
