"""Whisper by m-bain's package `whisperx`: stretches of speech merged into pieces of 30 s, decoded in batches, aligned.

The package looks for speech itself; here it is given the speech that the step before found, as its own kind of
detector.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.registry.torchaudio_cpu import make_importable
from modellab.speech.asked import MANY, Asked
from modellab.speech.pieces import Piece, pack
from modellab.speech.word_times import NOTHING_KNOWN, estimated
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

RATE_HZ = 16_000
_WINDOW_S = 30
_DECODING_SHARE = 0.9
"""Of the time, for its progress; the rest is alignment."""
_SENTENCE_ENDS = (".", "?", "!", "…")
_ALIGNMENT = "alignment"
"""Subfolder of the weights with the network that aligns, of variants that have one."""


class WhisperX:
    """A loaded Whisper, and a network that aligns its words where there is one; offers the surface `asr`."""

    def __init__(self, request: LoadRequest, folder: Path) -> None:
        make_importable()
        from whisperx.asr import load_model

        self._name, self._device = str(request.ref), request.facts.device
        self._languages = request.config.languages_of(request.ref.variant)
        self._batch_size = request.facts.batch_size or 1
        self._detector = _detector()
        self._pipeline: Any = load_model(
            str(folder),
            self._device,
            compute_type=request.facts.compute_type,
            language=None if MANY in self._languages else self._languages[0],
            vad_model=self._detector,
            threads=request.facts.threads,
            local_files_only=True,
        )
        self._aligner = _aligner(folder / _ALIGNMENT, self._languages[0], self._device)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech; of a variant without alignment their times are estimated."""
        asked = Asked.parse(self._name, parameters)
        pad_s = asked.speech_pad_ms / 1000
        pieces = pack(audio.samples, audio.sample_rate_hz, speech, pad_s=pad_s, longest_s=_WINDOW_S)
        self._detector.spans = [
            (start / audio.sample_rate_hz, end / audio.sample_rate_hz) for piece in pieces for start, end in piece.spans
        ]
        found = self._pipeline.transcribe(
            audio.samples,
            batch_size=asked.batch_size or self._batch_size,
            language=asked.spoken(self._name, self._languages, detects=True),
            chunk_size=_WINDOW_S,
            progress_callback=lambda percent: progress(_DECODING_SHARE * percent / 100),
        )
        if self._aligner is None:
            utterances = [one for heard in found["segments"] for one in _spread(heard, pieces, speech)]
        else:
            utterances = list(self._aligned(found["segments"], audio.samples))
        progress(1.0)
        return Transcript(utterances, audio.duration_s, found["language"])

    def _aligned(self, segments: list[dict[str, Any]], samples: Samples) -> Iterator[Utterance]:
        from whisperx.alignment import align

        network, about = self._aligner
        for heard in align(segments, network, about, samples, self._device)["segments"]:
            known = replace(NOTHING_KNOWN, average_log_probability=heard.get("avg_logprob"))
            for words in _sentences(_timed(heard)):
                text = " ".join(word.text for word in words)
                yield replace(known, start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=words)


def _detector() -> Any:
    """Speech that is known already, as the package's own kind of detector: the package merges it."""
    from whisperx.diarize import Segment as Span
    from whisperx.vads import Vad

    class Known(Vad):  # type: ignore[misc]
        spans: Sequence[tuple[float, float]] = ()

        def __init__(self) -> None:
            super().__init__(0.5)

        @staticmethod
        def preprocess_audio(audio: Samples) -> Samples:
            return audio

        def __call__(self, audio: object) -> list[Any]:
            return [Span(start, end, "SPEAKER") for start, end in self.spans]

    return Known()


def _aligner(folder: Path, language: str, device: str) -> Any:
    """The network that aligns and what is known of it; None of a variant without one."""
    if not folder.is_dir():
        return None
    from whisperx import alignment

    # It parts texts by NLTK's `punkt_tab`, which it would download; sentences are parted here.
    alignment.nltk_load = lambda name: _OneSentence()
    return alignment.load_align_model(language, device, model_name=str(folder), model_cache_only=True)


class _OneSentence:
    """Takes a text for one sentence."""

    @staticmethod
    def span_tokenize(text: str) -> list[tuple[int, int]]:
        """All of it."""
        return [(0, len(text))]


def _spread(heard: Mapping[str, Any], pieces: Sequence[Piece], speech: Sequence[Segment]) -> list[Utterance]:
    """What was heard of a stretch without times of words: spread over the speech in it."""
    first, after = heard["start"] - 0.001, heard["end"] + 0.001  # the package rounds to that
    spans = tuple(
        (start, end)
        for piece in pieces
        for start, end in piece.spans
        if first <= start / RATE_HZ and end / RATE_HZ <= after
    )
    known = replace(NOTHING_KNOWN, average_log_probability=float(heard["avg_logprob"]))
    return estimated(Piece(spans, RATE_HZ), heard["text"], speech, known)


def _timed(heard: Mapping[str, Any]) -> list[Word]:
    """An aligned stretch's words. One that could not be aligned lies between its neighbours, and is marked."""
    found: list[Word] = []
    words = [word for word in heard["words"] if word["word"].strip()]
    for number, word in enumerate(words):
        before = found[-1].end_s if found else float(heard["start"])
        if "start" in word and "end" in word:
            start_s = max(before, float(word["start"]))
            score = float(np.clip(word.get("score", 1.0), 0.0, 1.0))
            found.append(Word(word["word"].strip(), start_s, max(start_s, float(word["end"])), score))
            continue
        following = (float(other["start"]) for other in words[number + 1 :] if "start" in other)
        end_s = max(before, next(following, float(heard["end"])))
        found.append(Word(word["word"].strip(), before, end_s, estimated=True))
    return found


def _sentences(words: Sequence[Word]) -> Iterator[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if word.text.endswith(_SENTENCE_ENDS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def load(request: LoadRequest) -> WhisperX:
    """Load a Whisper."""
    if request.weights is None:
        raise ValueError("Whisper has weights")
    return WhisperX(request, request.weights)
