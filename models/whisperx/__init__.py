"""WhisperX: Whisper in batches, its words aligned."""
