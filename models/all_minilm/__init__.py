"""all-MiniLM-L6-v2: sentences as vectors."""
