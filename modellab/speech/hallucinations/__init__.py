"""Words that were probably never said: spans of a transcript, each with the evidence against it."""
