"""Datasets: recordings with references, by which models are judged."""
