"""Surfaces that make sound of sound, or say what is heard in it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modellab.conformance.asked import Given, wrong_samples, wrong_type, wrong_vectors
from modellab.conformance.sounds import sounds
from modellab.errors import UsageError
from modellab.media.audio import Audio, Samples
from modellab.registry.config import ModelConfig, Variant
from modellab.steps.music_transcription import MusicTranscriptionParameters
from modellab.surfaces.contracts import Progress
from modellab.surfaces.in_place import is_inside
from modellab.surfaces.results import Segment
from modellab.surfaces.sounds import ClassScores, Notes

_PUSHED = (1, 160, 997, 4096)
"""Streams are fed so many samples at a time, in turn."""
_MOST_MIDI = 127
_LABELS = "labels"
_OWN_LABELS = ("two people talking", "rain")


class _Sound:
    """What is given to all of these."""

    surface: str

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        rate_hz = config.rate_of(self.surface)
        assert rate_hz is not None
        return sounds(rate_hz)


class Enhance(_Sound):
    """Clearer speech of the same length."""

    surface = "enhance"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        stream, samples, at = model.stream(), given.value.samples, 0
        made: list[Samples] = []
        while at < len(samples):
            pushed = samples[at : at + _PUSHED[len(made) % len(_PUSHED)]]
            made.append(stream.push(pushed))
            at += len(pushed)
        return np.concatenate([*made, stream.finish()])

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        yield from wrong_samples(result)
        if np.shape(result) != given.value.samples.shape:
            yield f"of {len(given.value.samples)} samples it made {np.shape(result)}"


class Separate(_Sound):
    """Stems of the same length."""

    surface = "separate"

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        return [
            Given(one.name, Audio(np.stack([one.value.samples] * 2), one.value.sample_rate_hz), one.audio_s)
            for one in super().given(config, variant)
        ]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return np.concatenate(list(model.separate(given.value, progress)), axis=-1)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        yield from wrong_samples(result)
        if len(set(model.stems)) != len(model.stems) or not model.stems:
            yield f"its stems have no names of their own: {list(model.stems)}"
        wanted = (len(model.stems), *given.value.samples.shape)
        if np.shape(result) != wanted:
            yield f"it made an array of shape {np.shape(result)}, not (stems, channels, samples) = {wanted}"


class Classify(_Sound):
    """Classes, moment by moment."""

    surface = "classify"

    def given(self, config: ModelConfig, variant: Variant) -> Sequence[Given]:
        first, *others = super().given(config, variant)
        return [first, *others, replace(first, name="labels of one's own", parameters={_LABELS: _OWN_LABELS})]

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        try:
            return model.classify(given.value, given.parameters.get(_LABELS), progress)
        except UsageError as error:
            if _LABELS in given.parameters:
                return error
            raise

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        labels = given.parameters.get(_LABELS)
        if labels and isinstance(result, UsageError):
            return  # it has classes of its own
        if bad := list(wrong_type(result, ClassScores)):
            yield from bad
            return
        if labels and tuple(result.classes) != labels:
            yield f"asked for {', '.join(labels)} it tells of {', '.join(result.classes)}"
        yield from wrong_samples(result.scores)
        if len(set(result.classes)) != len(result.classes):
            yield "a class is there twice"
        if np.ndim(result.scores) != 2 or result.scores.shape[1] != len(result.classes) or not len(result.scores):
            yield f"scores have the shape {np.shape(result.scores)}, not (frames, {len(result.classes)})"
        elif not ((result.scores >= 0.0) & (result.scores <= 1.0)).all():
            yield "a score is not from 0 to 1"
        if not (result.window_s > 0.0 and result.hop_s > 0.0):
            yield f"frames of {result.window_s} s every {result.hop_s} s"


class EmbedSound(_Sound):
    """Vectors of what is heard."""

    surface = "embed_sound"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        heard = self._heard(model, given)
        return model.embed_sound(given.value, heard, progress) if heard else np.zeros((0, 1), dtype=np.float32)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if not model.shortest_s > 0.0:
            yield f"the shortest sound is {model.shortest_s} s"
        yield from wrong_vectors(result, len(self._heard(model, given)))

    @staticmethod
    def _heard(model: Any, given: Given) -> list[list[Segment]]:
        """All of it, and two stretches of it, as far as they are long enough."""
        whole = given.value.duration_s
        wanted = [[Segment(0.0, whole)], [Segment(0.0, whole / 4), Segment(whole / 2, whole)]]
        return [spans for spans in wanted if sum(span.duration_s for span in spans) >= model.shortest_s]


class MusicTranscription(_Sound):
    """Notes."""

    surface = "music_transcription"

    def call(self, model: Any, given: Given, progress: Progress) -> Any:
        return model.transcribe_notes(given.value, MusicTranscriptionParameters().model_dump(), progress)

    def problems(self, model: Any, given: Given, result: Any) -> Iterator[str]:
        if bad := list(wrong_type(result, Notes)):
            yield from bad
            return
        for note in result.notes:
            if not is_inside(note, given.audio_s or 0.0):
                yield f"a note has no length or lies outside the audio: {note}"
                return
            if not (0 <= note.pitch <= _MOST_MIDI and 0.0 < note.velocity <= 1.0):
                yield f"MIDI has no such note: {note}"
                return
