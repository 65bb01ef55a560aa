"""Every step asset there is, in pipeline order, and then the assets of the scorers."""

from assets.action_items import ACTION_ITEMS, TEXT_METRICS
from assets.alignment import ALIGNMENT, MEETING_METRICS
from assets.asr import ASR, ASR_METRICS
from assets.bundle import BUNDLE
from assets.channels import CHANNELS
from assets.chapters import CHAPTERS
from assets.classify import CLASSIFY, CLASSIFY_METRICS
from assets.dialogue import DIALOGUE
from assets.diarization import DIARIZATION, DIARIZATION_METRICS
from assets.embed import EMBED, EMBED_METRICS
from assets.end_of_turn import END_OF_TURN, END_OF_TURN_METRICS
from assets.enhance import ENHANCE, ENHANCE_METRICS
from assets.hallucinations import FLAG_METRICS, HALLUCINATIONS
from assets.ingest import INGEST
from assets.known_voices import KNOWN_VOICES
from assets.music_transcription import MUSIC_METRICS, MUSIC_TRANSCRIPTION
from assets.separate import SEPARATE, SEPARATE_METRICS
from assets.summarize import SUMMARIZE
from assets.translate import TRANSLATE, TRANSLATE_METRICS
from assets.tts import TTS, TTS_METRICS
from assets.vad import VAD, VAD_METRICS
from assets.voice_to_voice import VOICE_TO_VOICE

ASSETS = [
    INGEST,
    TTS,
    SEPARATE,
    ENHANCE,
    VAD,
    CHANNELS,
    ASR,
    TRANSLATE,
    DIARIZATION,
    CLASSIFY,
    EMBED,
    KNOWN_VOICES,
    MUSIC_TRANSCRIPTION,
    END_OF_TURN,
    VOICE_TO_VOICE,
    ALIGNMENT,
    DIALOGUE,
    HALLUCINATIONS,
    CHAPTERS,
    SUMMARIZE,
    ACTION_ITEMS,
    BUNDLE,
    TTS_METRICS,
    SEPARATE_METRICS,
    ENHANCE_METRICS,
    VAD_METRICS,
    ASR_METRICS,
    DIARIZATION_METRICS,
    MEETING_METRICS,
    FLAG_METRICS,
    TEXT_METRICS,
    CLASSIFY_METRICS,
    EMBED_METRICS,
    MUSIC_METRICS,
    END_OF_TURN_METRICS,
    TRANSLATE_METRICS,
]
