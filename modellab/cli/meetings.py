"""A run's results as a meeting, and its transcript in the formats a Meeting Pack has."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from modellab.artifacts.store import Artifact
from modellab.bundle.meeting import Meeting, describe
from modellab.media.inputs import RegisteredInput
from modellab.steps.asr import TRANSCRIPT_FILE
from modellab.steps.diarization import DIARIZATION_FILE
from modellab.steps.vad import SPEECH_FILE
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, load, to_json

_CREDIT = "This transcript was made by machine and can be wrong: listen before you quote it."


def meeting_of(source: RegisteredInput, artifact: Callable[[str], Artifact | None]) -> Meeting | None:
    """The meeting that a run's results tell of; None when the run has no transcript.

    Args:
        artifact: gives the run's result of a step by name, or None.
    """
    words = artifact("alignment") or artifact("asr")
    if words is None:
        return None
    channels = artifact("channels")
    speech, turns = channels or artifact("vad"), channels or artifact("diarization")
    return describe(
        source,
        source.duration_s,
        load(Transcript, words.file(TRANSCRIPT_FILE)),
        load(SpeechSegments, speech.file(SPEECH_FILE)) if speech else None,
        load(Diarization, turns.file(DIARIZATION_FILE)) if turns else None,
    )


class TranscriptFormat(StrEnum):
    """What `modellab runs transcript` can print."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    MD = "md"


def write_transcript(meeting: Meeting, wanted: TranscriptFormat) -> str:
    """A meeting's transcript as text of a format."""
    from modellab.bundle import page, subtitles
    from modellab.bundle.published import publish

    writers: Mapping[TranscriptFormat, Callable[[], str]] = {
        TranscriptFormat.TXT: lambda: page.render_text(meeting),
        TranscriptFormat.SRT: lambda: subtitles.to_srt(meeting),
        TranscriptFormat.VTT: lambda: subtitles.to_vtt(meeting),
        TranscriptFormat.JSON: lambda: to_json(publish(meeting)),
        TranscriptFormat.MD: lambda: page.render_markdown(meeting, [_CREDIT]),
    }
    return writers[wanted]()
