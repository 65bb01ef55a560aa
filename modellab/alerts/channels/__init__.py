"""The ways by which alerts go out, a module each."""
