"""Basic Pitch: music as notes."""
