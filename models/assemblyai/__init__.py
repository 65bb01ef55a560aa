"""AssemblyAI's transcription service."""
