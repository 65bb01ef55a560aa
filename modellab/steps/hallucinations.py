"""The hallucinations step: words of the transcript that were probably never said. Every pipeline with words has it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.canonical import CanonicalAudio
from modellab.media.quiet import audible
from modellab.speech.hallucinations import voicing
from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import FlagKind, Hallucinations
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.doubts import hallucination_doubt, said
from modellab.steps.packages import SAMPLES
from modellab.surfaces.results import Diarization, Segment, SpeechSegments, Transcript

UNHEARD = (FlagKind.NOISE_ONLY, FlagKind.OUTSIDE_SPEECH)
REPEATED = (FlagKind.LOOP, FlagKind.COMPRESSION)
IMPLAUSIBLE = (FlagKind.WORD_RATE, FlagKind.IMPROBABLE, FlagKind.LANGUAGE, FlagKind.KNOWN_PHRASE)
"""Kinds that are told together, the one that says most first."""


def run(context: StepContext) -> Mapping[str, Any]:
    """Hold the words against who hears speech where, and against what speech is like. Empty where nothing was said."""
    transcript = context.reads["transcript"].read(Transcript)
    found = find(transcript, listeners(context.reads) if transcript.words else {})
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
    code_version="1",
    reads=(
        Read("transcript", Kind.TRANSCRIPT, fall_back=True),
        Read("audio", Kind.AUDIO),
        Read("speech", Kind.SPEECH, required=False),
        Read("turns", Kind.TURNS, required=False),
    ),
    gives=(Kind.FLAGS,),
    parameters=StepParameters,
    run=run,
    packages=(*SAMPLES, "pyloudnorm", "scipy", "stopwordsiso"),
    tables=tables,
    attached=True,
)
