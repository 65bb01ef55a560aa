"""Model Lab: process speech and audio with models, and measure the models while doing so."""

__version__ = "0.1.0"
