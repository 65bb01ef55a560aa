"""Recognition by PocketSphinx: hidden Markov models, a pronouncing dictionary, and a trigram model of English."""

from collections.abc import Mapping, Sequence
from typing import Any

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Word
from models._pocketsphinx.decoding import decode

_DICTIONARY, _LANGUAGE_MODEL = "cmudict-en-us.dict", "en-us.lm.bin"
_LONGEST_S = 20.0
"""Its search keeps every word it thought of until the end of a piece."""
_FILLER = ("<", "[", "+")
"""How silences, noises and the ends of a piece begin; no word of the dictionary does."""


class PocketSphinx:
    """A loaded decoder; offers the surface `asr`."""

    def __init__(self, request: LoadRequest) -> None:
        from pocketsphinx import Decoder

        assert request.weights is not None
        self._name = str(request.ref)
        self._languages = request.config.languages_of(request.ref.variant)
        self._decoder = Decoder(
            hmm=str(request.weights),
            dict=str(request.weights / _DICTIONARY),
            lm=str(request.weights / _LANGUAGE_MODEL),
            samprate=request.config.sample_rate_hz,
            loglevel="FATAL",
        )

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words in small letters without punctuation, with the decoder's own times.

        Raises:
            UsageError: a parameter that it does not have, or a language other than English.
        """
        asked = Asked.parse(self._name, parameters)
        language = asked.spoken(self._name, self._languages, detects=False)
        return transcribe_pieces(
            audio,
            speech,
            self._hear,
            longest_s=_LONGEST_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=1,
            language=language,
            progress=progress,
        )

    def _hear(self, pieces: Sequence[Samples], progress: Progress) -> Sequence[Heard]:
        heard = []
        for piece in pieces:
            found = decode(self._decoder, piece)
            words = [Word(word, span.start_s, span.end_s) for word, span in found if not word.startswith(_FILLER)]
            heard.append(Heard(" ".join(word.text for word in words), words))
        return heard


def load(request: LoadRequest) -> PocketSphinx:
    """Load the acoustic model, the dictionary and the language model."""
    return PocketSphinx(request)
