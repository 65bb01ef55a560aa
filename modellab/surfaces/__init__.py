"""Surfaces: the capabilities a model can offer, each a typed contract, and the results they give."""
