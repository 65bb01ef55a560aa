"""The model registry: finding model folders, resolving their weights and device, and keeping loaded models."""
