"""A speech recogniser of transformers behind the contract of `asr`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript
from models._transformers.generation import Generated, greedy
from models._transformers.loading import load


class PieceTranscriber(ABC):
    """A loaded recogniser that hears pieces of speech; an adapter says how it hears a batch of them.

    Args:
        model_class: name of its class in transformers.
        longest_s: length of the longest piece that it hears well.
        shortest_s: shorter pieces are followed by silence up to this length.
        lora: whether its checkpoints keep a part of it in a LoRA.
    """

    DETECTS: ClassVar[bool] = False
    """Whether it tells languages apart by itself, as its config's `detects_language` says."""
    ASKED: ClassVar[type[Asked]] = Asked
    """What can be asked of it."""

    def __init__(
        self,
        request: LoadRequest,
        model_class: str,
        *,
        longest_s: float,
        shortest_s: float = 0.0,
        processor_class: str = "AutoProcessor",
        lora: bool = False,
    ) -> None:
        self.name = str(request.ref)
        self.languages = request.config.languages_of(request.ref.variant)
        self.processor, self.model = load(request, model_class, processor_class, lora=lora)
        rate_hz = request.config.rate_of("asr")
        assert rate_hz is not None
        self.rate_hz = rate_hz
        self.longest_s, self.shortest_s = longest_s, shortest_s
        self._batch_size = request.facts.batch_size or 1

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech; of a model that gives none, with estimated times.

        Args:
            parameters: the fields of `ASKED`.

        Raises:
            UsageError: a parameter that is not allowed, a language it does not know, or none where it must be told.
        """
        asked = self.ASKED.parse(self.name, parameters)
        language = asked.spoken(self.name, self.languages, detects=self.DETECTS)
        return transcribe_pieces(
            audio,
            speech,
            partial(self._hear, asked, language),
            longest_s=self.longest_s,
            shortest_s=self.shortest_s,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=asked.batch_size or self._batch_size,
            language=language,
            progress=progress,
        )

    def _hear(
        self, asked: Asked, language: str | None, pieces: Sequence[Samples], progress: Progress
    ) -> Sequence[Heard]:
        """As `hear`, for those that can be asked more."""
        return self.hear(pieces, language, progress)

    @abstractmethod
    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        """What is said in each of a batch of pieces, at `rate_hz`.

        Args:
            language: None where it is to be detected.
            progress: of the batch.
        """

    def greedy(self, inputs: Mapping[str, Any], *, most_tokens: int, progress: Progress, **options: Any) -> Generated:
        """As `generation.greedy`."""
        return greedy(self.model, inputs, most_tokens=most_tokens, progress=progress, **options)

    def texts(self, generated: Generated) -> list[Heard]:
        """What was generated as text."""
        texts = self.processor.batch_decode(generated.tokens, skip_special_tokens=True)
        return [Heard(text.strip(), None, mean) for text, mean in zip(texts, generated.log_probabilities, strict=True)]
