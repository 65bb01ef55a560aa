"""Pipelines: templates from YAML, systems (templates with every slot filled), plans (fingerprints) and execution."""
