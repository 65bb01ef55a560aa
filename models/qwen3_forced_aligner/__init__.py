"""Qwen3-ForcedAligner."""
