"""One folder per model: its config, claims, description and adapter."""
