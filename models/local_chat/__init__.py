"""A chat model in a folder of one's own."""
