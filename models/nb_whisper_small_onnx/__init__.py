"""NB-Whisper by onnxruntime."""
