"""Full text of transcripts: words and their stems, the index that the builder keeps, ranked questions to it."""
