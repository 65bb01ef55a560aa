"""A run's results as a meeting, and its transcript in the formats a Meeting Pack has."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from modellab.artifacts.store import Artifact
from modellab.bundle.meeting import Meeting, describe
from modellab.documents import load, to_json
from modellab.errors import ArtifactMissing
from modellab.formats.rttm import to_rttm
from modellab.inputs.registered import RegisteredInput
from modellab.pipeline.speaker_names import SpeakerNames
from modellab.settings import Lab
from modellab.steps.action_items import ACTION_ITEMS_FILE
from modellab.steps.asr import TRANSCRIPT_FILE
from modellab.steps.chapters import CHAPTERS_FILE
from modellab.steps.diarization import DIARIZATION_FILE
from modellab.steps.summarize import SUMMARY_FILE
from modellab.steps.vad import SPEECH_FILE
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, Turn
from modellab.text.results import ActionItems, Chapters, Summary

_CREDIT = "This transcript was made by machine and can be wrong: listen before you quote it."


WORDS = ("alignment", "asr")
"""Steps whose results hold a transcript: with speakers, and without."""


def _words(artifact: Callable[[str], Artifact | None]) -> Artifact | None:
    return next((found for step in WORDS if (found := artifact(step))), None)


def speaker_source(artifact: Callable[[str], Artifact | None]) -> Artifact | None:
    """The result of a run that tells speakers apart, which their names belong to; the transcript where none does."""
    return artifact("channels") or artifact("diarization") or _words(artifact)


def meeting_of(source: RegisteredInput, artifact: Callable[[str], Artifact | None], lab: Lab) -> Meeting | None:
    """The meeting that a run's results tell of, with the names its speakers have now; None without a transcript.

    Args:
        artifact: gives the run's result of a step by name, or None.
        lab: where names are kept.
    """
    words, told_apart = _words(artifact), speaker_source(artifact)
    if words is None or told_apart is None:
        return None
    channels = artifact("channels")
    speech, turns = channels or artifact("vad"), channels or artifact("diarization")
    chapters, summary, action_items = artifact("chapters"), artifact("summarize"), artifact("action_items")
    return describe(
        source,
        source.duration_s,
        load(Transcript, words.file(TRANSCRIPT_FILE)),
        load(SpeechSegments, speech.file(SPEECH_FILE)) if speech else None,
        load(Diarization, turns.file(DIARIZATION_FILE)) if turns else None,
        chapters=load(Chapters, chapters.file(CHAPTERS_FILE)) if chapters else None,
        summary=load(Summary, summary.file(SUMMARY_FILE)) if summary else None,
        action_items=load(ActionItems, action_items.file(ACTION_ITEMS_FILE)) if action_items else None,
        names=SpeakerNames(lab).of(told_apart.fingerprint),
    )


class TranscriptFormat(StrEnum):
    """What `modellab runs transcript` can print."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    MD = "md"
    RTTM = "rttm"
    CTM = "ctm"
    STM = "stm"
    SEGLST = "seglst"


def write_transcript(meeting: Meeting, wanted: TranscriptFormat) -> str:
    """A meeting's transcript as text of a format.

    Raises:
        ArtifactMissing: RTTM is wanted of a meeting without turns.
    """
    from modellab.bundle import page, scoring, subtitles
    from modellab.bundle.published import publish

    writers: Mapping[TranscriptFormat, Callable[[], str]] = {
        TranscriptFormat.TXT: lambda: page.render_text(meeting),
        TranscriptFormat.SRT: lambda: subtitles.to_srt(meeting),
        TranscriptFormat.VTT: lambda: subtitles.to_vtt(meeting),
        TranscriptFormat.JSON: lambda: to_json(publish(meeting)),
        TranscriptFormat.MD: lambda: page.render_markdown(meeting, [_CREDIT]),
        TranscriptFormat.RTTM: lambda: to_rttm(_turns(meeting), meeting.slug),
        TranscriptFormat.CTM: lambda: scoring.to_ctm(meeting),
        TranscriptFormat.STM: lambda: scoring.to_stm(meeting),
        TranscriptFormat.SEGLST: lambda: scoring.to_seglst(meeting),
    }
    return writers[wanted]()


def _turns(meeting: Meeting) -> Sequence[Turn]:
    if meeting.turns is None:
        raise ArtifactMissing(
            "this run tells no speakers apart, so there are no turns to write as RTTM",
            hint="Take another format, or a pipeline with the step diarization or channels: modellab pipelines list.",
        )
    return meeting.turns
