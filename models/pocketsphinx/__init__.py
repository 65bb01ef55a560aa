"""PocketSphinx as a recogniser."""
