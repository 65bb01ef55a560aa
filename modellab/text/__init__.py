"""What is made of a transcript: sentences, chapters, summaries, action items, each with the words that prove it."""
