"""Folders that are watched: what is dropped there is taken once it is complete, and run once."""
