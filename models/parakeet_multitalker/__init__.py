"""Multitalker Parakeet: streaming speech recognition, of one stream of speech here."""
