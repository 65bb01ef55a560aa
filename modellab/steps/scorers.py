"""Every scorer there is, in the order in which they run, after all steps of a pipeline. A new one is a constant here,
named as the scorer in capitals, a line in `SCORERS`, and an asset.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

from modellab.datasets.reference import Reference
from modellab.documents import Kept
from modellab.metrics.score import Score
from modellab.metrics.suites import asr, diarization, vad
from modellab.steps.definition import Kind, Read, StepDefinition
from modellab.steps.scoring import Judged, Suite, scorer
from modellab.surfaces.results import Diarization, SpeechSegments, Transcript

K = TypeVar("K", bound=Kept)


def _of_one(role: str, kind: type[K], scores: Callable[[Reference, K], list[Score]]) -> Suite:
    """A suite that holds one result against a reference."""

    def judge(judged: Judged) -> Mapping[str, list[Score]]:
        result = judged.read(role, kind)
        return {} if result is None else {role: scores(judged.reference, result)}

    return judge


ASR_METRICS = scorer(
    "asr_metrics",
    "Holds the words as the model heard them against the reference transcript.",
    _of_one("transcript", Transcript, asr.scores),
    code_version="1",
    reads=(Read("transcript", Kind.RECOGNITION),),
    parts={"text", "utterances", "words"},
    packages=("jiwer", "whisper_normalizer"),
)

DIARIZATION_METRICS = scorer(
    "diarization_metrics",
    "Holds who speaks when against the reference turns.",
    _of_one("turns", Diarization, diarization.scores),
    code_version="1",
    reads=(Read("turns", Kind.TURNS),),
    parts={"turns"},
    packages=("pyannote.metrics",),
)

VAD_METRICS = scorer(
    "vad_metrics",
    "Holds where speech was found against where there is speech.",
    _of_one("speech", SpeechSegments, vad.scores),
    code_version="1",
    reads=(Read("speech", Kind.SPEECH),),
    parts={"speech", "turns"},
    packages=("pyannote.metrics",),
)

SCORERS: tuple[StepDefinition, ...] = (VAD_METRICS, ASR_METRICS, DIARIZATION_METRICS)
