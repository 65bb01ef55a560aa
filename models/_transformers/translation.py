"""A model of transformers that writes speech down in its own language and in others: `asr` and `translate`."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.names import one_of
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, translate_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment
from modellab.surfaces.translations import Translation
from models._transformers.asr import PieceTranscriber


class PieceTranslator(PieceTranscriber):
    """A loaded model that hears pieces of speech and writes them in a language that it is told.

    Args:
        translated_s: length of the longest piece that is translated at once; shorter than what is transcribed, for each
            is an utterance of the translation.
        needs_source: whether it must be told what is spoken to translate it.
    """

    def __init__(
        self,
        request: LoadRequest,
        model_class: str,
        *,
        longest_s: float,
        translated_s: float,
        needs_source: bool,
        shortest_s: float = 0.0,
        processor_class: str = "AutoProcessor",
    ) -> None:
        super().__init__(
            request, model_class, longest_s=longest_s, shortest_s=shortest_s, processor_class=processor_class
        )
        self._translated_s, self._needs_source = translated_s, needs_source

    @property
    @abstractmethod
    def target_languages(self) -> Sequence[str]:
        """Codes of the languages that it writes."""

    @abstractmethod
    def write(
        self, pieces: Sequence[Samples], language: str | None, target: str, progress: Progress
    ) -> Sequence[Heard]:
        """What is said in each of a batch of pieces, in the target language.

        Args:
            language: what is spoken, where it is known.
        """

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        assert language is not None
        return self.write(pieces, language, language, progress)

    def translate(
        self,
        audio: Waveform,
        speech: Sequence[Segment],
        target: str,
        parameters: Mapping[str, Any],
        progress: Progress,
    ) -> Translation:
        """The speech in another language.

        Args:
            parameters: the fields of `Asked`.

        Raises:
            UsageError: a parameter that is not allowed, languages it does not know, or one it must be told.
        """
        asked = Asked.parse(self.name, parameters)
        one_of(f"language that {self.name} writes:", target, self.target_languages)
        language = asked.spoken(self.name, self.languages, detects=not self._needs_source)
        self.check_direction(language, target)
        return translate_pieces(
            audio,
            speech,
            partial(self._write, language, target),
            longest_s=self._translated_s,
            shortest_s=self.shortest_s,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=asked.batch_size or self._batch_size,
            language=language,
            target=target,
            progress=progress,
        )

    def check_direction(self, language: str | None, target: str) -> None:
        """Refuse what it can't do though it knows both languages.

        Raises:
            UsageError: that is so.
        """
        if language == target:
            raise UsageError(
                f"model {self.name} has nothing to translate",
                found=f"speech in {language}, and a translation into {target}",
                hint="Say another language: translate.target=de. The step asr writes speech down as it is.",
            )

    def _write(
        self, language: str | None, target: str, pieces: Sequence[Samples], progress: Progress
    ) -> Sequence[Heard]:
        return self.write(pieces, language, target, progress)
