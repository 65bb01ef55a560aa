"""Dagster resources, thin: devices, models, artifacts, the warehouse, and the engine that steps run on."""
