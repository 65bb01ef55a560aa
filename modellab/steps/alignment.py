"""The alignment step: who said which word, and, with a model, better times for the words first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.canonical import CanonicalAudio
from modellab.speech.alignment import assign_speakers, group_words, with_speakers
from modellab.speech.forced_alignment import realign
from modellab.steps.asr import tables as transcript_tables
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import estimated_times_doubt, said
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization, Transcript, Word


class AlignmentParameters(StepParameters):
    """How words are given to speakers and grouped."""

    max_gap_s: float = Field(1.0, ge=0, description="how far a turn may be from a word in which nobody talks")
    max_pause_s: float = Field(1.0, ge=0, description="a longer pause begins a new utterance of the same speaker")


def run(context: StepContext) -> Mapping[str, Any]:
    """Give each word its speaker, and make utterances of one speaker each."""
    parameters = context.parameters
    assert isinstance(parameters, AlignmentParameters)
    transcript = context.reads["transcript"].read(Transcript)
    diarization = context.reads["diarization"].read(Diarization)
    words = sorted(transcript.words, key=lambda word: (word.start_s, word.end_s))
    times: Mapping[str, Any] = {}
    if context.acquire is not None and words:
        words, times = _with_better_times(context, words, transcript.language)
    words = with_speakers(words, assign_speakers(words, diarization.turns, parameters.max_gap_s))
    aligned = replace(transcript, utterances=group_words(words, parameters.max_pause_s))
    save(aligned, context.output)
    spoken = Counter(word.speaker for word in words if word.speaker is not None)
    return {
        "words": len(words),
        "utterances": len(aligned.utterances),
        "words_by_speaker": {speaker: spoken[speaker] for speaker in diarization.speakers},
        "unattributed_words": sum(word.speaker is None for word in words),
        **times,
        "warnings": said(estimated_times_doubt(aligned)),
    }


def _with_better_times(
    context: StepContext, words: Sequence[Word], language: str | None
) -> tuple[list[Word], Mapping[str, Any]]:
    """The words with times from the model, and how many have them."""
    audio = CanonicalAudio.open(context.reads["audio"])
    rate_hz = context.load().sample_rate_hz
    with context.model() as model:
        better = realign(
            words,
            language,
            model,
            cut=lambda start_s, end_s: audio.waveform(rate_hz, start_s, end_s),
            time_map=audio.time_map,
            progress=context.progress,
        )
    return better.words, {
        "aligned_words": better.aligned,
        "unfitting_words": better.unfitting,
        "unknown_words": len(words) - better.aligned - better.unfitting,
        "unknown": better.unknown,
        "median_shift_s": round(better.median_shift_s, 3),
    }


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """Rows of `segments` and `words`, as the asr step's, with speakers."""
    return transcript_tables(artifact)


STEP = StepDefinition(
    name="alignment",
    description="Gives every word the speaker who talks while it is said; with a model, better times first.",
    code_version="3",
    reads=(Read("transcript", Kind.TRANSCRIPT), Read("diarization", Kind.TURNS), Read("audio", Kind.AUDIO)),
    gives=(Kind.TRANSCRIPT,),
    parameters=AlignmentParameters,
    run=run,
    packages=SAMPLES,
    surface="align",
    model_required=False,
    tables=tables,
)
