"""The command line, `modellab`."""
