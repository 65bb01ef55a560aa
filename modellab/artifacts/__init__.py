"""Artifacts: the write-once folders that hold the results of steps, and the fingerprints that name them."""
