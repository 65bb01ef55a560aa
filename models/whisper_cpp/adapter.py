"""Whisper by whisper.cpp, through the bindings of pywhispercpp; words' times from the decoder's attention (DTW)."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import StepFailed, WeightsCorrupt
from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from models._whisper.grouping import Token, segment_of, with_bounded_first
from models._whisper.transcribing import SAMPLE_RATE_HZ, PieceByPiece
from models._whisper.words import DecodedSegment

_SHORTEST = 11 * SAMPLE_RATE_HZ // 10
"""Samples: it refuses less than a second. Silence follows what is shorter."""
_TICKS_PER_SECOND = 100
"""Its times are in hundredths of a second."""
_ERROR, _EMPTY = 4, "no tensors loaded"
"""The level of errors in its log, and what it warns of before it goes on with a network of nothing."""
_CANTONESE_VOCABULARY = 51866
"""Whispers with that many tokens know Cantonese too, the hundredth language."""


class WhisperCpp:
    """A loaded model file: a `Decoder`.

    Args:
        heads: name of whisper.cpp's list of the heads that follow the audio in time; `N_TOP_MOST` for a model that has
            none: all heads of the upper half of its decoder.
    """

    def __init__(self, file: Path, heads: str, threads: int) -> None:
        import _pywhispercpp

        self._library: Any = _pywhispercpp
        settings = _pywhispercpp.whisper_context_default_params()
        settings.use_gpu = False
        settings.flash_attn = False  # keeps no attention to take times from
        settings.dtw_token_timestamps = True
        settings.dtw_aheads_preset = getattr(_pywhispercpp, f"WHISPER_AHEADS_{heads}")
        self._context = _opened(_pywhispercpp, file, settings)
        self._threads = threads

    @property
    def languages(self) -> Sequence[str]:
        library = self._library
        if not library.whisper_is_multilingual(self._context):
            return ["en"]
        count = 99 + int(library.whisper_model_n_vocab(self._context) >= _CANTONESE_VOCABULARY)
        return [library.whisper_lang_str(number) for number in range(count)]

    def detect_language(self, samples: Samples) -> tuple[str, float, list[tuple[str, float]]]:
        library = self._library
        samples = _long_enough(samples)
        self._check(library.whisper_pcm_to_mel(self._context, samples, len(samples), self._threads))
        likely = np.zeros(library.whisper_lang_max_id() + 1, dtype=np.float32)
        if library.whisper_lang_auto_detect(self._context, 0, self._threads, likely) < 0:
            raise StepFailed("whisper.cpp could not tell the language")
        found = [(language, float(likely[library.whisper_lang_id(language)])) for language in self.languages]
        ordered = sorted(found, key=lambda pair: -pair[1])
        return *ordered[0], ordered

    def decode(self, samples: Samples, language: str, prompt: str | None) -> Sequence[DecodedSegment]:
        samples = _long_enough(samples)
        parameters = self._parameters(language, prompt)
        self._check(self._library.whisper_full(self._context, parameters, samples, len(samples)))
        count = self._library.whisper_full_n_segments(self._context)
        return [self._segment(number, language) for number in range(count)]

    def _parameters(self, language: str, prompt: str | None) -> Any:
        library = self._library
        parameters = library.whisper_full_default_params(library.WHISPER_SAMPLING_GREEDY)
        parameters.n_threads = self._threads
        parameters.language = language
        parameters.temperature = 0.0
        parameters.temperature_inc = 0.0  # no other temperature is tried
        parameters.no_context = True
        parameters.suppress_nst = True  # no "[BLANK_AUDIO]", as OpenAI's own decoding has it
        parameters.print_progress = parameters.print_realtime = parameters.print_timestamps = False
        if prompt:
            parameters.initial_prompt = prompt
        return parameters

    def _segment(self, number: int, language: str) -> DecodedSegment:
        library, context = self._library, self._context
        tokens = [
            library.whisper_full_get_token_data(context, number, place)
            for place in range(library.whisper_full_n_tokens(context, number))
        ]
        start_s = library.whisper_full_get_segment_t0(context, number) / _TICKS_PER_SECOND
        texts = with_bounded_first(list(self._texts(tokens, start_s)))
        return segment_of(texts, language, [token.plog for token in tokens])

    def _texts(self, tokens: Sequence[Any], start_s: float) -> Iterator[Token]:
        """Tokens of text; `t_dtw` is when one ends, and the next begins there."""
        end_of_text = self._library.whisper_token_eot(self._context)
        written = [token for token in tokens if token.id < end_of_text]
        ends = [token.t_dtw / _TICKS_PER_SECOND for token in written]
        for token, before_s, end_s in zip(written, [start_s, *ends], ends, strict=False):
            text = self._library.whisper_token_to_bytes(self._context, token.id)
            yield Token(text, min(before_s, end_s), end_s, token.plog)

    @staticmethod
    def _check(code: int) -> None:
        if code != 0:
            raise StepFailed("whisper.cpp failed", found=f"code {code}")

    def close(self) -> None:
        self._library.whisper_free(self._context)


def _opened(library: Any, file: Path, settings: Any) -> Any:
    """The network in a file. The bindings give an object of a file that could not be read too, which ends the process
    when it is used: only the library's log says so.

    Raises:
        WeightsCorrupt: whisper.cpp can't read it, or finds nothing in it.
    """
    said: list[tuple[int, str]] = []
    library.whisper_log_set(lambda level, text: said.append((level, text.strip())))
    try:
        context = library.whisper_init_from_file_with_params(str(file), settings)
    finally:
        library.whisper_log_set(None)
    wrong = [text for level, text in said if level >= _ERROR or _EMPTY in text]
    if wrong:
        raise WeightsCorrupt(f"{file} is not a model of whisper.cpp", found=wrong[0])
    return context


def _long_enough(samples: Samples) -> Samples:
    return samples if len(samples) >= _SHORTEST else np.pad(samples, (0, _SHORTEST - len(samples)))


def load(request: LoadRequest) -> PieceByPiece:
    """Load a variant."""
    if request.weights is None:
        raise ValueError("whisper.cpp's models have weights")
    file = request.weights / request.variant.files[0]
    heads = str(request.variant.parameters["heads"])
    return PieceByPiece(str(request.ref), WhisperCpp(file, heads, request.facts.threads))
