"""Whether a model keeps what its surfaces promise, asked of the real one: `modellab models verify`."""
