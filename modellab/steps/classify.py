"""The classify step: what is heard, when, and in the whole recording."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field, field_validator

from modellab.artifacts.store import Artifact
from modellab.documents import save
from modellab.media.canonical import CanonicalAudio
from modellab.steps.definition import Kind, Read, Row, StepContext, StepDefinition, StepParameters
from modellab.steps.packages import SAMPLES
from modellab.surfaces.sounds import Classification, ClassScores, LabelSpan, read_labels

_SUMMED_UP = 5
"""Classes of the whole recording that the summary names."""
_IN_TABLE = 20
"""Classes of the whole recording that have a row: what is further down says nothing, and models know hundreds."""
_DIGITS = 5
Label = Annotated[str, Field(max_length=100)]
"""In a few words: models read no long texts."""


class ClassifyParameters(StepParameters):
    """When a class counts as heard."""

    threshold: float = Field(0.3, gt=0, lt=1, description="score from which a class counts as heard at a moment")
    labels: tuple[Label, ...] | None = Field(
        None,
        min_length=2,
        description="what may be heard, in your own words, such as dog barking/rain, of a model that takes any "
        "(clap); left out: the model's own classes",
    )

    @field_validator("labels", mode="before")
    @classmethod
    def _in_words(cls, value: object) -> object:
        """A system key can only hold text, labels with a slash between them: a list is divided there too."""
        texts = [value] if isinstance(value, str) else value
        if not (isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)):
            return value
        return tuple(dict.fromkeys(label for text in texts for label in read_labels(text)))

    @field_validator("labels")
    @classmethod
    def _in_order(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """The order means nothing, so it makes no other result."""
        return None if value is None else tuple(sorted(value))


def run(context: StepContext) -> Mapping[str, Any]:
    """Classify the canonical audio, mixed to mono at the model's rate."""
    assert isinstance(context.parameters, ClassifyParameters)
    audio = CanonicalAudio.open(context.reads["audio"])
    waveform = audio.waveform(context.load().sample_rate_hz)
    with context.model() as model:
        found: ClassScores = model.classify(waveform, context.parameters.labels, context.progress)
    heard = classification_of(found, waveform.duration_s, context.parameters.threshold)
    classification = heard.in_original_time(audio.time_map)
    save(classification, context.output)
    return {
        "top": {label: classification.scores[label] for label in classification.labels[:_SUMMED_UP]},
        "labels": len({span.label for span in classification.spans}),
        "spans": len(classification.spans),
        "classes": len(classification.scores),
    }


def classification_of(found: ClassScores, duration_s: float, threshold: float) -> Classification:
    """A model's frames as labels over time, in the time of the audio.

    Windows overlap, so a frame speaks for its middle: as long a stretch as there is from one frame to the next, with
    the sound's two ends for the first and the last.

    Args:
        duration_s: of the audio; a last frame that reaches beyond it is cut there.
        threshold: score from which a class is heard.
    """
    frames = len(found.scores)
    edges = np.arange(frames + 1) * found.hop_s + (found.window_s - found.hop_s) / 2
    if frames:
        edges[0], edges[-1] = 0.0, duration_s
    edges = np.minimum(edges, duration_s)
    spans = sorted(_spans(found, edges, threshold), key=lambda span: (span.start_s, span.label))
    means = found.scores.mean(axis=0, dtype=np.float64) if frames else np.zeros(0)
    means = np.round(means, _DIGITS)
    by_class = zip(found.classes, means.tolist(), strict=False)
    return Classification(spans, dict(sorted(by_class, key=lambda one: (-one[1], one[0]))), duration_s)


def _spans(found: ClassScores, edges: "np.ndarray[Any, Any]", threshold: float) -> Iterator[LabelSpan]:
    heard = found.scores >= threshold
    for column in np.flatnonzero(heard.any(axis=0)).tolist():
        changes = np.flatnonzero(np.diff(np.pad(heard[:, column].astype(np.int8), 1)))
        for first, after in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True):
            start_s, end_s = float(edges[first]), float(edges[after])
            if end_s > start_s:
                score = float(found.scores[first:after, column].mean(dtype=np.float64))
                yield LabelSpan(found.classes[column], start_s, end_s, round(score, _DIGITS))


def tables(artifact: Artifact) -> Mapping[str, Iterable[Row]]:
    """A row of `labels` for each stretch in which a class is heard, and for each of the recording's likeliest."""
    found = artifact.read(Classification)
    spans: list[Row] = [
        {
            "kind": "span",
            "position": position,
            "label": span.label,
            "start_s": span.start_s,
            "end_s": span.end_s,
            "score": span.score,
        }
        for position, span in enumerate(found.spans)
    ]
    whole: list[Row] = [
        {"kind": "recording", "position": position, "label": label, "score": found.scores[label]}
        for position, label in enumerate(found.labels[:_IN_TABLE])
    ]
    return {"labels": [*spans, *whole]}


STEP = StepDefinition(
    name="classify",
    description="Says what is heard and when: speech, music, noise, an alarm, silence.",
    code_version="1",
    reads=(Read("audio", Kind.AUDIO),),
    gives=(Kind.LABELS,),
    parameters=ClassifyParameters,
    run=run,
    packages=SAMPLES,
    surface="classify",
    tables=tables,
)
