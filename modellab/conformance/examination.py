"""The examination of a model: loaded as for a step, asked all that its surfaces promise, measured meanwhile."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np

from modellab.conformance import audio, replies, speech, streams, texts, turns
from modellab.conformance.asked import Given, Quality, Surface
from modellab.errors import LabError
from modellab.media.audio import Waveform
from modellab.memory import peak_mib, reset_peak
from modellab.registry.config import ModelRef
from modellab.registry.loaded import LoadedModel
from modellab.registry.models import Models
from modellab.registry.threads import torch_threads
from modellab.surfaces.contracts import Progress, untold

SURFACES: Mapping[str, Surface] = {
    "vad": speech.Vad(),
    "asr": speech.Asr(),
    "asr_stream": streams.Stream(),
    "translate": speech.Translate(),
    "diarization": speech.DiarizationSurface(),
    "align": speech.Align(),
    "enhance": audio.Enhance(),
    "separate": audio.Separate(),
    "classify": audio.Classify(),
    "embed_sound": audio.EmbedSound(),
    "music_transcription": audio.MusicTranscription(),
    "end_of_turn": turns.EndOfTurn(),
    "voice_to_voice": replies.VoiceToVoice(),
    "tts": texts.Tts(),
    "embed": texts.Embed(),
    "chat": texts.Chat(),
}
"""Surface -> what is asked of its models; one for each contract."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, and what came of it."""

    surface: str
    question: str
    passed: bool
    said: str = ""
    """What is wrong; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class Examination:
    """What came of examining a model."""

    model: str
    answers: tuple[Answer, ...]
    loaded: LoadedModel
    audio_s: float | None
    """Seconds of the sound whose inference was timed, of a voice of that which it made; None where there is none."""
    inference_s: float
    """Of the second time, when everything is warm."""
    peak_mib: float
    """Of the process, the model in it."""

    @property
    def passed(self) -> bool:
        return all(answer.passed for answer in self.answers)

    @property
    def real_time_factor(self) -> float | None:
        """Seconds of inference for a second of sound; None where there is no sound."""
        return self.inference_s / self.audio_s if self.audio_s else None


class _Stopped(Exception):
    """Raised by whoever is told progress, as Ctrl-C would be."""


def examine(
    models: Models,
    ref: ModelRef,
    told: Callable[[Answer], None] = lambda answer: None,
    *,
    quality: bool = True,
) -> Examination:
    """Load a model and ask it everything. What it raises is an answer; that it can't be loaded is an error.

    Args:
        told: called with each answer as it comes.
        quality: whether it must find speech in speech, and the like, which random weights can't.

    Raises:
        LabError: as `Models.lease`; or the sample that models are given is not installed.
    """
    config = models.registry.get(ref.id)
    answers: list[Answer] = []
    audio_s, inference_s = None, 0.0
    reset_peak()
    loaded = models.acquire(ref)
    for surface in config.surfaces:
        asked = SURFACES[surface]
        given = asked.given(config, config.variants[ref.variant])
        examiner = _Examiner(asked, partial(models.lease, ref), given, quality=quality)
        for question, problems in examiner.questions():
            answer = Answer(surface, question, not problems, "; ".join(problems))
            answers.append(answer)
            told(answer)
        if surface == config.surfaces[0]:
            audio_s, inference_s = examiner.audio_s, examiner.inference_s
    return Examination(str(ref), tuple(answers), loaded, audio_s, inference_s, peak_mib())


class _Examiner:
    """Asks one surface of one model.

    Args:
        lease: gives the model for one question: that of a process of its own, which ended when it was stopped, is
            another one for the next.
        quality: whether it is asked for what `Quality` names.
    """

    def __init__(
        self,
        surface: Surface,
        lease: Callable[[], AbstractContextManager[LoadedModel]],
        given: Sequence[Given],
        *,
        quality: bool = True,
    ) -> None:
        self._surface, self._lease, self._given, self._quality = surface, lease, given, quality
        self.first = given[0]
        self.audio_s = self.first.audio_s
        """Seconds of sound in the first thing; of a text what it was made into, once it was given a second time."""
        self.inference_s = 0.0
        """Seconds of the second time that it is given the first thing; 0 until then."""

    def questions(self) -> Iterator[tuple[str, list[str]]]:
        """Each question, and the problems that there are."""
        for given in self._given:
            yield f"gives what it should: {given.name}", self._asked(partial(self._result, given))
        yield "gives the same again", self._asked(self._again)
        yield "leaves what it is given as it was", self._asked(self._untouched)
        yield "tells progress that never falls", self._asked(self._progress)
        yield "stops when it is stopped, and works on", self._asked(self._stop)
        yield "works in another thread than loaded it", self._asked(self._thread)

    @staticmethod
    def _asked(question: Callable[[], Iterator[str]]) -> list[str]:
        try:
            return list(question())
        except LabError as error:
            return [str(error)]
        except Exception as error:
            return [f"{type(error).__name__}: {error}"]

    def _call(self, given: Given, progress: Progress = untold) -> Any:
        # As a step calls it: with another number of threads sums come out another way.
        with self._lease() as loaded, torch_threads(loaded.facts.threads):
            return self._surface.call(loaded.model, given, progress)

    @cached_property
    def _before(self) -> Any:
        """What it gives of the first thing."""
        return self._call(self.first)

    @cached_property
    def _second(self) -> "_Second":
        """The same once more, watched."""
        told: list[float] = []
        samples = getattr(self.first.value, "samples", ())
        before = np.copy(samples)
        started = time.perf_counter()
        result = self._call(self.first, told.append)
        self.inference_s = time.perf_counter() - started
        if self.audio_s is None and isinstance(result, Waveform):
            self.audio_s = result.duration_s
        return _Second(result, told, np.array_equal(before, samples))

    def _result(self, given: Given) -> Iterator[str]:
        result = self._before if given is self.first else self._call(given)
        with self._lease() as loaded:
            for problem in self._surface.problems(loaded.model, given, result):
                if self._quality or not isinstance(problem, Quality):
                    yield problem

    def _again(self) -> Iterator[str]:
        if not same(self._before, self._second.result):
            yield "another result of the same"

    def _untouched(self) -> Iterator[str]:
        if not self._second.untouched:
            yield "the samples that it was given are others afterwards"

    def _progress(self) -> Iterator[str]:
        told = self._second.told
        if not all(0.0 <= fraction <= 1.0 for fraction in told):
            yield f"progress from {min(told)} to {max(told)}"
        if any(after < before for before, after in pairwise(told)):
            yield "progress falls"

    def _stop(self) -> Iterator[str]:
        def stop(fraction: float) -> None:
            raise _Stopped

        try:
            self._call(self.first, stop)
        except _Stopped:
            if not same(self._before, self._call(self.first)):
                yield "another result after it was stopped"
        else:
            if self._second.told:
                yield "it went on after what it told progress raised"

    def _thread(self) -> Iterator[str]:
        with ThreadPoolExecutor(1) as another:
            there = another.submit(self._call, self.first).result()
        if not same(self._before, there):
            yield "another result in another thread"


@dataclass(frozen=True, slots=True)
class _Second:
    """What came of giving a model the same a second time."""

    result: Any
    told: list[float]
    untouched: bool


def same(one: Any, other: Any) -> bool:
    """Whether two results are equal, arrays in them number by number."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    if is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in fields(one))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
