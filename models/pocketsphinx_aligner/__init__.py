"""PocketSphinx forced alignment."""
