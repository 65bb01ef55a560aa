"""NB-Whisper by onnxruntime. The files give no attention, so that its words' times are estimated, and marked so."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from modellab.errors import TextRefused, WeightsCorrupt
from modellab.media.audio import Samples, Waveform
from modellab.outside import read_json
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript
from models._transformers.loading import from_folder, import_transformers
from models.nb_whisper_small_onnx.decoding import OnnxWhisper

_WINDOW_S = 30.0
_RATE_HZ = 16_000


class NbWhisper:
    """A loaded NB-Whisper; offers the surface `asr`."""

    def __init__(self, request: LoadRequest) -> None:
        folder = request.weights
        if folder is None:
            raise ValueError("NB-Whisper has weights")
        library = import_transformers()
        self._name = str(request.ref)
        self._languages = request.config.languages_of(request.ref.variant)
        self._features = from_folder(folder, library.WhisperFeatureExtractor)
        self._tokenizer = from_folder(folder, library.WhisperTokenizerFast)
        path = folder / "generation_config.json"
        try:
            settings = read_json(path)
            self._start = int(settings["decoder_start_token_id"])
            self._language = {code: int(settings["lang_to_id"][f"<|{code}|>"]) for code in self._languages}
            self._after = [int(settings["task_to_id"]["transcribe"]), int(settings["no_timestamps_token_id"])]
            self._whisper = OnnxWhisper(
                folder,
                request.facts.threads,
                suppressed=settings["suppress_tokens"],
                suppressed_first=settings["begin_suppress_tokens"],
                end=int(settings["eos_token_id"]),
                most_tokens=int(settings["max_length"]),
            )
        except (OSError, TextRefused, KeyError, TypeError, ValueError) as error:
            raise WeightsCorrupt(
                f"{path} is not that of a Whisper", found=f"{type(error).__name__}: {error}"
            ) from error

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech in 16 kHz audio, with estimated times.

        Args:
            parameters: the fields of `Asked`; without a language, each piece is heard in its likeliest.

        Raises:
            UsageError: a parameter that is not allowed, or a language it does not know.
        """
        asked = Asked.parse(self._name, parameters)
        language = asked.spoken(self._name, self._languages, detects=True)
        allowed = [code for code in asked.languages or self._languages if code in self._languages]
        return transcribe_pieces(
            audio,
            speech,
            partial(self._hear, language, allowed),
            longest_s=_WINDOW_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=language,
            progress=progress,
        )

    def _hear(
        self, language: str | None, allowed: Sequence[str], pieces: Sequence[Samples], progress: Progress
    ) -> Sequence[Heard]:
        (piece,) = pieces
        found = self._features(piece, sampling_rate=_RATE_HZ, return_tensors="np")
        hidden = self._whisper.encode(np.asarray(found["input_features"]))
        if language is None:
            likely = self._whisper.likely(hidden, [self._start])
            language = max(allowed or self._languages, key=lambda code: float(likely[self._language[code]]))
        written = self._whisper.write(hidden, [self._start, self._language[language], *self._after], progress)
        text = self._tokenizer.decode(written.tokens, skip_special_tokens=True).strip()
        return [Heard(text, None, written.average_log_probability, language)]


def load(request: LoadRequest) -> NbWhisper:
    """Load a variant."""
    return NbWhisper(request)
