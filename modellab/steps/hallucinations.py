"""The hallucinations step: words of the transcript that were probably never said. Every pipeline with words has it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import Field

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.errors import UsageError
from modellab.media.canonical import CanonicalAudio
from modellab.media.quiet import audible
from modellab.speech.forced_alignment import realign
from modellab.speech.hallucinations import voicing
from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import FlagKind, Hallucinations
from modellab.steps.definition import Helper, Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import hallucination_doubt, said
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript

UNHEARD = (FlagKind.NOISE_ONLY, FlagKind.OUTSIDE_SPEECH)
REPEATED = (FlagKind.LOOP, FlagKind.COMPRESSION)
IMPLAUSIBLE = (
    FlagKind.UNFITTING,
    FlagKind.WORD_RATE,
    FlagKind.IMPROBABLE,
    FlagKind.LANGUAGE,
    FlagKind.KNOWN_PHRASE,
)
"""Kinds that are told together, the one that says most first."""
_ALIGNER = "aligner"


class HallucinationParameters(StepParameters):
    """Who is asked beside the detectors that need no model."""

    aligner: str | None = Field(None, description="aligner whose scores are asked too: hama")


def run(context: StepContext) -> Mapping[str, Any]:
    """Hold the words against who hears speech where, and against what speech is like. Empty where nothing was said."""
    assert isinstance(context.parameters, HallucinationParameters)
    transcript = context.reads["transcript"].read(Transcript)
    fits = _fits(context, transcript) if context.parameters.aligner and transcript.words else []
    found = find(transcript, listeners(context.reads) if transcript.words else {}, fits)
    save(found, context.output)
    told = found.told
    return {
        "words": found.words,
        "flags": len(told),
        "flagged_words": len(found.told_words),
        "flags_by_kind": dict(Counter(flag.kind.value for flag in told)),
        "weak_flags": len(found.flags) - len(told),
        "warnings": said(*(hallucination_doubt(found, kinds) for kinds in (UNHEARD, REPEATED, IMPLAUSIBLE))),
    }


def _fits(context: StepContext, transcript: Transcript) -> list[float | None]:
    """For each word how well it fits the sound. Of a language that the aligner does not know nothing is said.

    Raises:
        UsageError: the aligner has no scores.
    """
    audio = CanonicalAudio.open(context.reads["audio"])
    words = transcript.words
    by_time = sorted(range(len(words)), key=lambda number: (words[number].start_s, words[number].end_s))
    with context.helper(_ALIGNER) as model:
        if transcript.language not in model.languages:
            return []
        rate_hz = context.helper_rate_hz(_ALIGNER)
        found = realign(
            [words[number] for number in by_time],
            transcript.language,
            model,
            cut=lambda start_s, end_s: audio.waveform(rate_hz, start_s, end_s),
            time_map=audio.time_map,
            progress=context.progress,
        )
    if found.aligned and all(score is None for score in found.scores):
        raise UsageError(
            "the aligner does not say how well words fit",
            found=f"{_ALIGNER}={context.parameters.model_dump()[_ALIGNER]}",
            allowed="an aligner with scores: hama",
        )
    fits: list[float | None] = [None] * len(words)
    for number, score in zip(by_time, found.scores, strict=True):
        fits[number] = score
    return fits


def _helpers(parameters: HallucinationParameters) -> Mapping[str, Helper]:
    return {_ALIGNER: Helper("align", parameters.aligner, _ALIGNER)} if parameters.aligner else {}


def listeners(reads: Mapping[str, Artifact]) -> dict[str, list[Segment]]:
    """Who says where there is speech, by the step's name; times are those of the original recording.

    Args:
        reads: `audio`, and `speech` and `turns` where there are any.
    """
    found: dict[str, list[Segment]] = {}
    if speech := reads.get("speech"):
        found[speech.step] = speech.read(SpeechSegments).segments
    turns = reads.get("turns")
    if turns and turns.step not in found:
        found[turns.step] = _union(turns.read(Diarization))
    audio = CanonicalAudio.open(reads["audio"])
    waveform = audio.waveform(voicing.RATE_HZ)
    voiced = voicing.voiced(audible(waveform.samples, waveform.sample_rate_hz).samples)
    heard = SpeechSegments(voiced, audio.duration_s).in_original_time(audio.time_map)
    return {**found, "voicing": heard.segments}


def _union(diarization: Diarization) -> list[Segment]:
    """Where anybody talks."""
    joined: list[Segment] = []
    for turn in sorted(diarization.turns, key=lambda turn: turn.start_s):
        if joined and turn.start_s <= joined[-1].end_s:
            joined[-1] = Segment(joined[-1].start_s, max(joined[-1].end_s, turn.end_s))
        else:
            joined.append(Segment(turn.start_s, turn.end_s))
    return joined


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `flags` for each."""
    flags = artifact.read(Hallucinations).flags
    return {"flags": [{"position": position, **asdict(flag)} for position, flag in enumerate(flags)]}


STEP = StepDefinition(
    name="hallucinations",
    description="Flags words that were probably never said, each with what speaks against it.",
    code_version="2",
    reads=(
        Read("transcript", Kind.TRANSCRIPT, fall_back=True),
        Read("audio", Kind.AUDIO),
        Read("speech", Kind.SPEECH, required=False),
        Read("turns", Kind.TURNS, required=False),
    ),
    gives=(Kind.FLAGS,),
    parameters=HallucinationParameters,
    run=run,
    helpers=_helpers,
    packages=(*SAMPLES, "pyloudnorm", "scipy", "stopwordsiso"),
    tables=tables,
    attached=True,
)
