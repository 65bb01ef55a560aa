"""Whisper on CTranslate2, through faster-whisper's batched pipeline.

The pipeline gets speech only: the segments found before it, packed into pieces of 30 s (Whisper's window). Its own
VAD stays off. A few batches go in at a time, so that the memory it takes does not grow with the recording.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Any

import numpy as np

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.names import unknown_name
from modellab.registry.loaded import LoadRequest
from modellab.speech.pieces import Piece, pack
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Utterance
from modellab.text.repetition import repetitions
from models._whisper.languages import SpokenLanguages
from models._whisper.words import utterances_of
from models.faster_whisper.options import Options

WINDOW_S = 30.0
_FRAMES_PER_SECOND = 100
"""Of Whisper's spectrogram; a segment's `seek` counts them."""

# Whisper's own limits (openai/whisper, whisper/transcribe.py) for a decoding that went wrong.
_LEAST_LOG_PROBABILITY = -1.0
_MOST_COMPRESSION = 2.4
_NO_SPEECH = 0.6

_OTHER_WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"no_repeat_ngram_size": 5},
    {"no_repeat_ngram_size": 3, "repetition_penalty": 1.1},
)
"""A chunk that went wrong is decoded again with the timestamps that batches leave out, then with loops forbidden, long
ones first: speech repeats three tokens more often than five."""


class FasterWhisper:
    """A loaded Whisper; offers the surface `asr`."""

    def __init__(self, request: LoadRequest) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self._name = str(request.ref)
        self._batch_size = request.facts.batch_size or 1
        self._model = WhisperModel(
            str(request.weights),
            device=request.facts.device,
            compute_type=request.facts.compute_type,
            cpu_threads=request.facts.threads,
        )
        self._pipeline = BatchedInferencePipeline(self._model)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio, each with its time and probability.

        Args:
            parameters: the fields of `Options`.

        Raises:
            UsageError: a parameter that is not allowed, or a language this variant does not know.
        """
        options = Options.parse(self._name, parameters)
        allowed = self._allowed(options)
        chunks = pack(
            audio.samples,
            audio.sample_rate_hz,
            speech,
            pad_s=options.speech_pad_ms / 1000,
            longest_s=WINDOW_S,
        )
        languages = SpokenLanguages(self._model, audio.samples, allowed)
        detect = bool(chunks) and options.language is None and not self._knows_one_language
        detected = languages.candidates(chunks) if detect else []
        language = detected[0].language if detected else options.language or self._model.supported_languages[0]
        spoken = languages.of_each(chunks, language, options.multilingual if detect else False)
        total = sum(chunk.samples for chunk in chunks)
        done = 0
        utterances: list[Utterance] = []
        for batch, spoken_in in _batches(chunks, spoken, options.batch_size or self._batch_size):
            for chunk, offset_s, segments in self._decode(audio.samples, batch, options, spoken_in):
                tries = [(segments, offset_s)]
                if options.retry and _went_wrong(segments):
                    tries += self._decode_again(chunk.cut(audio.samples), options, spoken_in)
                best, best_offset_s = max(tries, key=_quality)
                kept = [segment for segment in best if not _is_silence(segment)]
                heard = utterances_of(chunk, kept, best_offset_s)
                utterances += heard if spoken_in == language else [replace(u, language=spoken_in) for u in heard]
                done += chunk.samples
                progress(done / total)
        return Transcript(
            utterances,
            audio.duration_s,
            language,
            detected[0].probability if detected else None,
            language_candidates=detected,
        )

    def _allowed(self, options: Options) -> Sequence[str]:
        """The languages that may be detected.

        Raises:
            UsageError: one that this variant does not know; of a variant that knows one only, another is not missed.
        """
        known: list[str] = self._model.supported_languages
        if options.language is not None:
            self._check_language(options.language)
        asked = options.languages or known
        if self._knows_one_language and known[0] in asked:
            return known
        for language in asked:
            self._check_language(language)
        return asked

    @property
    def _knows_one_language(self) -> bool:
        return len(self._model.supported_languages) == 1

    def _decode(
        self, audio: Samples, batch: Sequence[Piece], options: Options, language: str
    ) -> Iterator[tuple[Piece, float, list[Any]]]:
        """One batch: each chunk, where it begins in the time of its segments, and these."""
        ends = list(accumulate(chunk.samples for chunk in batch))
        rate = batch[0].sample_rate_hz
        starts = [0, *ends[:-1]]
        segments, _ = self._pipeline.transcribe(
            np.concatenate([chunk.cut(audio) for chunk in batch]),
            language=language,
            beam_size=options.beam_size,
            batch_size=len(batch),
            clip_timestamps=[
                {"start": start / rate, "end": end / rate} for start, end in zip(starts, ends, strict=True)
            ],
            word_timestamps=True,
            initial_prompt=options.initial_prompt,
            hotwords=options.hotwords,
        )
        return _by_chunk(batch, [start / rate for start in starts], segments)

    def _decode_again(self, audio: Samples, options: Options, language: str) -> Iterator[tuple[list[Any], float]]:
        """A chunk decoded alone in other ways, until one goes well: its segments, and where it begins in their time.

        Whisper itself would sample at rising temperatures. Here nothing is left to chance: the same audio gives the
        same words, and none that the model did not find likely (sampling made sentences up where this gave a loop).
        """
        for settings in _OTHER_WAYS:
            segments, _ = self._model.transcribe(
                audio,
                language=language,
                beam_size=options.beam_size,
                temperature=0.0,
                condition_on_previous_text=False,
                word_timestamps=True,
                initial_prompt=options.initial_prompt,
                hotwords=options.hotwords,
                **settings,
            )
            found = list(segments)
            yield found, 0.0
            if not _went_wrong(found):
                return

    def _check_language(self, language: str | None) -> None:
        known = self._model.supported_languages
        if language is None or language in known:
            return
        if len(known) == 1:
            raise UsageError(
                f"model {self._name} can't transcribe the language {language!r}",
                allowed=", ".join(known),
                hint="Take a variant without `.en` in its name, or leave the language out.",
            )
        raise unknown_name("language", language, known)


def _batches(chunks: Sequence[Piece], spoken: Sequence[str], size: int) -> Iterator[tuple[Sequence[Piece], str]]:
    """Chunks that are decoded at once, all in one language, and that language."""
    for language, group in groupby(zip(chunks, spoken, strict=True), key=lambda pair: pair[1]):
        together = [chunk for chunk, _ in group]
        for start in range(0, len(together), size):
            yield together[start : start + size], language


def _by_chunk(
    batch: Sequence[Piece], starts_s: Sequence[float], segments: Iterable[Any]
) -> Iterator[tuple[Piece, float, list[Any]]]:
    """Segments under their chunks. A segment's `seek` says where its chunk begins, in frames rounded down; its own
    times may go past the chunk's end."""
    first_frames = [int(start_s * _FRAMES_PER_SECOND) for start_s in starts_s]
    for number, group in groupby(segments, key=lambda segment: bisect_right(first_frames, segment.seek) - 1):
        yield batch[number], first_frames[number] / _FRAMES_PER_SECOND, list(group)


def _is_silence(segment: Any) -> bool:
    return bool(segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _LEAST_LOG_PROBABILITY)


def _looped_words(segments: Sequence[Any]) -> int:
    """How many words belong to phrases that come over and over. A whole window's compression does not show them: a
    sentence six times over in 30 s of other words stays below any limit that speech keeps."""
    words = [word.word for segment in segments for word in segment.words or ()]
    return sum(found.end_word - found.first_word for found in repetitions(words))


def _is_repetitive(segments: Sequence[Any]) -> bool:
    return any(segment.compression_ratio > _MOST_COMPRESSION for segment in segments)


def _went_wrong(segments: Sequence[Any]) -> bool:
    spoken = [segment for segment in segments if not _is_silence(segment)]
    improbable = any(segment.avg_logprob < _LEAST_LOG_PROBABILITY for segment in spoken)
    return improbable or _is_repetitive(spoken) or _looped_words(spoken) > 0


def _quality(decoded: tuple[list[Any], float]) -> tuple[bool, int, float]:
    """Better is greater: no repetition first, then the likelier words. Nothing at all is as likely as the limit."""
    segments, _ = decoded
    likelihood = min((segment.avg_logprob for segment in segments), default=_LEAST_LOG_PROBABILITY)
    return not _is_repetitive(segments), -_looped_words(segments), likelihood


def load(request: LoadRequest) -> FasterWhisper:
    """Load a variant."""
    return FasterWhisper(request)
