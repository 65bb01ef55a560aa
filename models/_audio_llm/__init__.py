"""Language models that hear: what those that write transcripts have in common."""
