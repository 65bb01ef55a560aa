"""Which surfaces there are, for whoever only names them; importing this costs nothing."""

SURFACES = (
    "asr",
    "asr_stream",
    "translate",
    "tts",
    "align",
    "diarization",
    "vad",
    "enhance",
    "separate",
    "classify",
    "embed",
    "embed_sound",
    "chat",
    "music_transcription",
    "end_of_turn",
    "voice_to_voice",
)
"""The names a model's config may list."""

BIT_BY_BIT = frozenset({"separate"})
"""Those whose contracts give what they find bit by bit (`Iterator`)."""


def can_be_remote(surface: str) -> bool:
    """Whether a model in another process can stand behind a surface; not where its contract gives bit by bit."""
    return surface in SURFACES and surface not in BIT_BY_BIT
