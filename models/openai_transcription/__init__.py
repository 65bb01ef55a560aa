"""OpenAI's transcription service, and servers that speak its protocol."""
