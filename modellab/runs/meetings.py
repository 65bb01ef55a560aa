"""A run's results as a meeting, and its transcript in the formats a Meeting Pack has."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from modellab.artifacts.store import Artifact
from modellab.bundle.meeting import Meeting, describe
from modellab.documents import to_json
from modellab.errors import ArtifactMissing
from modellab.formats.rttm import to_rttm
from modellab.inputs.registered import RegisteredInput
from modellab.runs.results import Results
from modellab.settings import Lab
from modellab.steps.definition import Kind
from modellab.steps.speaker_names import SpeakerNames
from modellab.surfaces.known_voices import KnownVoices
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript, Turn
from modellab.text.results import ActionItems, Chapters, Summary

_CREDIT = "This transcript was made by machine and can be wrong: listen before you quote it."


def speaker_source(results: Results) -> Artifact | None:
    """The result of a run that tells speakers apart, which their names belong to; the transcript where none does."""
    return results(Kind.TURNS) or results(Kind.TRANSCRIPT)


def meeting_of(source: RegisteredInput, results: Results, lab: Lab) -> Meeting | None:
    """The meeting that a run's results tell of, with the names its speakers have now; None without a transcript.

    Speakers that nobody named have the names of the known voices that they were taken for.

    Args:
        results: of the run.
        lab: where names are kept.
    """
    words, told_apart = results(Kind.TRANSCRIPT), speaker_source(results)
    if words is None or told_apart is None:
        return None
    speech, turns = results(Kind.SPEECH), results(Kind.TURNS)
    chapters, summary, action_items = (results(kind) for kind in (Kind.CHAPTERS, Kind.SUMMARY, Kind.ACTION_ITEMS))
    transcript = words.read(Transcript)
    return describe(
        source,
        # A text has no length; what a voice made of it does.
        source.duration_s or transcript.duration_s,
        transcript,
        speech.read(SpeechSegments) if speech else None,
        turns.read(Diarization) if turns else None,
        chapters=chapters.read(Chapters) if chapters else None,
        summary=summary.read(Summary) if summary else None,
        action_items=action_items.read(ActionItems) if action_items else None,
        names={**names_by_voice(results), **SpeakerNames(lab).of(told_apart.fingerprint)},
    )


def names_by_voice(results: Results) -> dict[str, str]:
    """Speaker's label -> name of the known voice that a run took it for."""
    known, told_apart = results(Kind.KNOWN_VOICES), speaker_source(results)
    return known.read(KnownVoices).names_for(told_apart.fingerprint) if known and told_apart else {}


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
