"""The step that turns a meeting's results into a Meeting Pack."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import AfterValidator, Field

from modellab.artifacts.fingerprint import ABSENT
from modellab.artifacts.store import Artifact
from modellab.bundle.audio import copy_mp3, is_small_mp3, write_audio
from modellab.bundle.meeting import Absence, Doubt, RecordingDay, describe
from modellab.bundle.naming import clean
from modellab.bundle.pack import write_pack
from modellab.documents import Kept
from modellab.errors import StepFailed
from modellab.local_days import checked_zone
from modellab.media.canonical import CanonicalAudio, IngestInfo
from modellab.media.decode import MediaReader
from modellab.speech.hallucinations.flags import Hallucinations
from modellab.steps.definition import NO_STEP, Kind, Outside, Read, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import ESTIMATED_TIMES
from modellab.steps.outside import INPUT, local_days, names_in, names_of_speakers, time_zone_in
from modellab.steps.packages import MEDIA
from modellab.surfaces.known_voices import KnownVoices
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript
from modellab.text.recorded import recording_date
from modellab.text.results import ActionItems, Chapters, Summary

K = TypeVar("K", bound=Kept)
CODE_VERSION = "13"
_LACKING = {
    "speech": "speech segments",
    "diarization": "speakers",
    "chapters": "chapters",
    "summary": "summary",
    "action_items": "action items",
    "flags": "a look for words that nobody said",
}
"""Optional role -> what a pack lacks without it."""
_TOLD_FIRST = ("audio", "speech", "recognition", "flags", "diarization", "transcript")
"""Roles whose warnings come before those of all others, in the order they are told."""
_AUDIO_PART = 0.7
"""Of the progress: most of the time goes into decoding and encoding."""
_MP3 = "mp3/mp3float"
"""Container and codec, as libav names them."""
_CLIPPED_UNHEARD = 1e-3
"""Share of the samples."""


class BundleParameters(StepParameters):
    """What the pack says that the results don't."""

    recorded_on: date | None = Field(
        None,
        description="day of the recording, YYYY-MM-DD; left out: that of the action items, else the file's own tag, "
        "else when the lab got it",
    )
    timezone: Annotated[str, AfterValidator(checked_zone)] | None = Field(
        None,
        description="time zone of the recording, where neither its action items nor its file says the day; "
        "left out: the lab's",
    )


def run(context: StepContext) -> Mapping[str, Any]:
    """Write the pack and its zip into the step's output folder."""
    audio = CanonicalAudio.open(context.reads["audio"])
    transcript = context.reads["transcript"].read(Transcript)
    action_items = _result(context, "action_items", ActionItems)
    meeting = describe(
        context.input,
        audio.original_duration_s,
        transcript,
        _result(context, "speech", SpeechSegments),
        _result(context, "diarization", Diarization),
        chapters=_result(context, "chapters", Chapters),
        summary=_result(context, "summary", Summary),
        action_items=action_items,
        recorded=_recording_day(context, action_items),
        # What people say counts before what a voice is taken for.
        names={**_names_by_voice(context), **names_in(context)},
        absent=list(_absences(context)),
        doubts=_doubts(context),
        flagged=_flagged(context),
    )
    written = write_pack(
        context.output,
        meeting,
        peaks=np.abs(audio.envelope().overview).max(axis=0),
        source=context.input,
        reads=context.reads,
        code_version=CODE_VERSION,
        write_recording=lambda target: _write_recording(context, audio, target),
    )
    context.progress(1.0)
    return asdict(written)


def _result(context: StepContext, role: str, kind: type[K]) -> K | None:
    """What an optional role gives; None when it is absent."""
    return context.reads[role].read(kind) if role in context.reads else None


def _names_by_voice(context: StepContext) -> dict[str, str]:
    known, turns = _result(context, "voices", KnownVoices), context.reads.get("diarization")
    return known.names_for(turns.fingerprint) if known and turns else {}


def _flagged(context: StepContext) -> Hallucinations | None:
    """The flags of the words that are shown; a pipeline may have had those of another transcript looked at."""
    flags = context.reads.get("flags")
    of_these_words = flags and _rests_on(flags, context.reads["transcript"])
    return flags.read(Hallucinations) if flags and of_these_words else None


def _write_recording(context: StepContext, audio: CanonicalAudio, target: Path) -> None:
    source, duration_s = audio.info.source, audio.original_duration_s
    recording = context.recording()
    if _is_sound_mp3(audio.info) and is_small_mp3(recording):
        copy_mp3(recording, target)
        return
    with MediaReader(recording, audio_stream=source.audio_stream, name=context.input.name) as reader:
        write_audio(
            target,
            reader,
            _mix_weights(audio.info),
            lambda seconds: context.progress(_AUDIO_PART * min(seconds / duration_s, 1.0)),
        )


def _is_sound_mp3(info: IngestInfo) -> bool:
    """Whether the recording is an MP3 in which ingest met nothing that players would stumble over.

    Lossy codecs overshoot for a few samples of loud speech; every player clips those, and nobody hears it.
    """
    evenly_mixed = len(set(info.mix)) == 1
    clipped = info.source.full_scale_fraction > _CLIPPED_UNHEARD
    return info.source.format == _MP3 and evenly_mixed and not info.warnings and not clipped


def _mix_weights(info: IngestInfo) -> list[float]:
    """Ingest's mono mix, turned down like ingest's audio where the recording goes beyond full scale.

    After operators, how far ingest turned down says nothing about the recording itself.
    """
    gain = 1.0 if info.operators else 10.0 ** (-info.attenuation_db / 20.0)
    return [weight * gain for weight in info.mix]


def _recording_day(context: StepContext, action_items: ActionItems | None) -> RecordingDay:
    """The one day that the whole pack goes by.

    Raises:
        StepFailed: due dates were reckoned from another day than the one given.
    """
    parameters = context.parameters
    assert isinstance(parameters, BundleParameters)
    given = parameters.recorded_on
    if action_items is None or action_items.recorded_on is None:
        zone = parameters.timezone or time_zone_in(context)
        return RecordingDay(*recording_date(given, context.recording(), context.input.registered_at, zone))
    reckoned_from = action_items.recorded_on
    if given in (None, reckoned_from):
        return RecordingDay(reckoned_from, "parameter" if given else str(action_items.recorded_on_source))
    if any(item.due_date for item in action_items.items):
        raise StepFailed(
            "the action items' due dates were reckoned from another day than the pack is to show",
            found=f"{reckoned_from} for the action items",
            allowed=f"{given}, which bundle.recorded_on gives",
            hint="Give action_items.recorded_on the same day.",
        )
    return RecordingDay(given, "parameter")


def _days_are_the_lab_s(outside: Outside) -> bool:
    """Action items, where there are any, have the day."""
    parameters, items = outside.parameters, outside.reads["action_items"]
    assert isinstance(parameters, BundleParameters)
    return (
        parameters.recorded_on is None and parameters.timezone is None and (items is None or items.startswith(ABSENT))
    )


def _absences(context: StepContext) -> Iterator[Absence]:
    for role, what in _LACKING.items():
        if role in context.absent:
            yield Absence(what, clean(context.absent[role]), expected=context.absent[role] != NO_STEP)
    turns = context.reads.get("diarization")
    if turns and not _rests_on(context.reads["transcript"], turns):
        why = context.absent.get("transcript", "words were not aligned with speakers")
        yield Absence("who said each word", clean(why), expected="transcript" in context.absent)


def _rests_on(result: Artifact, other: Artifact) -> bool:
    return other.fingerprint in result.manifest["identity"]["reads"].values()


def _doubts(context: StepContext) -> list[Doubt]:
    """What the recording and the results warn of, each sentence once, where it comes from first. That times of words
    are estimated is said of the words that the pack shows."""
    found = [Doubt("input", warning) for warning in context.input.warnings]
    for role in dict.fromkeys((*_TOLD_FIRST, *context.reads)):
        if artifact := context.reads.get(role):
            warnings = [str(warning) for warning in artifact.summary.get("warnings") or ()]
            told = (each for each in warnings if role == "transcript" or not each.startswith(ESTIMATED_TIMES))
            found += [Doubt(artifact.step, warning) for warning in told]
    first: dict[str, Doubt] = {}
    for doubt in found:
        first.setdefault(doubt.text, doubt)
    return list(first.values())


STEP = StepDefinition(
    name="bundle",
    description="The Meeting Pack: a page to read and hear the meeting, transcripts in every format, the recording, "
    "a manifest, and all of it as one zip.",
    code_version=CODE_VERSION,
    reads=(
        Read("audio", Kind.RECORDING),
        Read("transcript", Kind.TRANSCRIPT, fall_back=True),
        Read("speech", Kind.SPEECH, required=False),
        Read("diarization", Kind.TURNS, required=False),
        # An aligned transcript does not say which model heard the words; the manifest does.
        Read("recognition", Kind.RECOGNITION, required=False),
        Read("chapters", Kind.CHAPTERS, required=False),
        Read("summary", Kind.SUMMARY, required=False),
        Read("action_items", Kind.ACTION_ITEMS, required=False),
        Read("flags", Kind.FLAGS, required=False),
        Read("voices", Kind.KNOWN_VOICES, required=False),
    ),
    gives=(Kind.PACK,),
    takes="media",
    parameters=BundleParameters,
    run=run,
    packages=(*MEDIA, "jinja2", "markupsafe", "pysubs2", "python-docx"),
    outside=(INPUT, names_of_speakers("diarization", "transcript"), local_days(_days_are_the_lab_s)),
)
