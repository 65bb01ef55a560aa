"""Whisper on CTranslate2, made to stream: what is not settled yet is heard again with every second that comes.

Words that two hypotheses in a row agree on are settled (`modellab/streaming/agreement.py`). Audio behind a settled end
of a sentence is cut off, and the settled text before it is what Whisper is told came before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.pieces import Piece
from modellab.streaming.agreement import Agreement
from modellab.surfaces.results import Word
from modellab.surfaces.streams import Heard
from modellab.text.sentences import join_words
from models._whisper.words import utterances_of
from models.local_agreement.options import StreamOptions

RATE_HZ = 16_000
_PROMPT_CHARACTERS = 200
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！")
_MOST_S = 28.0
"""Whisper hears 30 s at once."""
_SILENT_S = 2.0
"""So much audio without a word is kept: a word may have begun in it."""
_VAD = {"min_silence_duration_ms": 500, "speech_pad_ms": 200}
"""For faster-whisper's own Silero: without it Whisper makes up words for silence."""


class LocalAgreement:
    """A loaded Whisper; offers the surface `asr_stream`."""

    finds_ends = False

    def __init__(self, request: LoadRequest) -> None:
        from faster_whisper import WhisperModel

        self._name = str(request.ref)
        self._languages = request.config.languages_of(request.ref.variant)
        self.whisper = WhisperModel(
            str(request.weights),
            device=request.facts.device,
            compute_type=request.facts.compute_type,
            cpu_threads=request.facts.threads,
        )

    def open_stream(self, parameters: Mapping[str, Any]) -> "LocalAgreementStream":
        """A stream.

        Args:
            parameters: the fields of `StreamOptions`.

        Raises:
            UsageError: one that there is not, or that is not allowed.
        """
        return LocalAgreementStream(self.whisper, StreamOptions.parse(self._name, parameters, self._languages))


class LocalAgreementStream:
    """One stream.

    Args:
        whisper: a `WhisperModel` of faster-whisper, which several streams may use at once.
    """

    def __init__(self, whisper: Any, options: StreamOptions) -> None:
        self._whisper, self._options = whisper, options
        self._language = options.language
        self._step = options.step_ms * RATE_HZ // 1000
        self._agreement = Agreement(options.hypotheses)
        self._audio: Samples = np.zeros(0, dtype=np.float32)
        """What is heard again."""
        self._first = 0
        """Its first sample, counted from the start of the stream."""
        self._new = 0
        """How many of its last samples were never heard."""
        self._said = ""
        """The end of the settled text before the audio."""

    def hear(self, samples: Samples) -> Sequence[Heard]:
        """What a step's audio changes; nothing in between."""
        self._audio = np.concatenate([self._audio, samples])
        self._new += len(samples)
        if self._new < self._step:
            return ()
        settled = self._agreement.hear(self._listen(), self._first / RATE_HZ)
        unsettled = list(self._agreement.unsettled)
        self._shorten()
        if len(self._audio) >= _MOST_S * RATE_HZ:  # nothing was agreed on for long: the window is full
            settled += self._agreement.end()
            unsettled = []
            self._cut(len(self._audio))
        return (Heard(settled, unsettled),)

    def end_segment(self) -> Heard:
        """The last hypothesis, settled as it is. The audio stays until there is more after it: Whisper understands what
        comes next better when it hears what was before."""
        settled = self._agreement.hear(self._listen(), self._first / RATE_HZ) if self._new else []
        settled += self._agreement.end()
        self._shorten()
        return Heard(settled)

    def close(self) -> None:
        """Let go of audio and model."""
        self._audio, self._whisper = self._audio[:0].copy(), None

    def _listen(self) -> list[Word]:
        """A hypothesis of all the audio, with times from the start of the stream."""
        self._new = 0
        segments, about = self._whisper.transcribe(
            self._audio,
            language=self._language,
            beam_size=self._options.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=self._said or None,
            word_timestamps=True,
            vad_filter=True,
            vad_parameters=_VAD,
        )
        piece = Piece(((self._first, self._first + len(self._audio)),), RATE_HZ)
        words = [word for utterance in utterances_of(piece, segments, 0.0) for word in utterance.words]
        if self._agreement.settled:
            self._language = about.language
        return words

    def _shorten(self) -> None:
        """Cut off what need not be heard again."""
        start_s, end_s = self._first / RATE_HZ, (self._first + len(self._audio)) / RATE_HZ
        inside = [word for word in self._agreement.settled if word.end_s > start_s]
        # Whisper ends a sentence wherever the audio ends: only further words show that one is over.
        followed = inside if self._agreement.unsettled else inside[:-1]
        sentences = [word for word in followed if word.text.endswith(_SENTENCE_ENDS)]
        if sentences:
            self._cut(round(sentences[-1].end_s * RATE_HZ) - self._first)
        elif inside and len(self._audio) > self._options.longest_buffer_s * RATE_HZ:
            self._cut(round(inside[-1].end_s * RATE_HZ) - self._first)
        elif not self._agreement.unsettled and (not inside or inside[-1].end_s < end_s - _SILENT_S):
            self._cut(len(self._audio) - round(_SILENT_S * RATE_HZ))

    def _cut(self, samples: int) -> None:
        """Cut so many samples off the beginning; the words in them came before."""
        if samples <= 0:
            return
        start_s, cut_s = self._first / RATE_HZ, (self._first + samples) / RATE_HZ
        gone = [word for word in self._agreement.settled if start_s < word.end_s <= cut_s]
        self._said = f"{self._said} {join_words(gone)}".strip()[-_PROMPT_CHARACTERS:]
        self._agreement.forget(cut_s)
        self._audio = self._audio[samples:].copy()
        self._first += samples
        self._new = min(self._new, len(self._audio))


def load(request: LoadRequest) -> LocalAgreement:
    """Load a variant."""
    return LocalAgreement(request)
