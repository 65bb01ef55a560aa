"""The pipeline's steps: each a definition (what it reads, its parameters, how it runs) that needs no Dagster."""
