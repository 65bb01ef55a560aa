"""A language model behind the surface `asr`: speech in pieces, a prompt for each batch of them, the text it writes."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript
from models._audio_llm.writing import TOKENS_PER_S, token_limit, write
from models._transformers.asr import PieceTranscriber
from models._transformers.loading import quiet

LONGEST_S = 30.0
"""Length of a piece. Most of these models hear minutes; words without times are placed best in short pieces."""
SHORTEST_S = 0.5
"""A shorter piece is followed by silence: encoders have a least number of frames."""


class Listener(PieceTranscriber):
    """What the adapters of such models have in common; each says how its model is asked and how its text is read."""

    ARCHITECTURE: ClassVar[str]
    """The class of transformers that the model is."""
    LORA: ClassVar[bool] = False
    """Whether its checkpoints keep a part of it in a LoRA."""
    BATCHES: ClassVar[bool] = False
    """Whether pieces that are heard at once leave each other's words as they are: encoders without windows of a fixed
    length also hear what fills a shorter piece up."""
    TOKENS_PER_S: ClassVar[float] = TOKENS_PER_S
    """How much it may write of a second."""
    DETECTS = True

    def __init__(self, request: LoadRequest) -> None:
        super().__init__(request, self.ARCHITECTURE, longest_s=LONGEST_S, shortest_s=SHORTEST_S, lora=self.LORA)

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """What is said in audio at the model's rate.

        Args:
            parameters: the fields of `ASKED`.

        Raises:
            UsageError: a parameter that the model does not have, or a language that it does not know.
        """
        if (self.ASKED.parse(self.name, parameters).batch_size or 1) > 1 and not self.BATCHES:
            raise UsageError(
                f"model {self.name} hears one piece at a time: in a batch, pieces would change each other's words",
                found=f"batch_size={parameters['batch_size']}",
                allowed="1",
            )
        return super().transcribe(audio, speech, parameters, progress)

    @abstractmethod
    def prompt(self, sounds: Sequence[Samples], asked: Any, language: str | None) -> Any:
        """What the model is given for a batch of pieces, as its processor makes it.

        Args:
            asked: an `ASKED`.
            language: ISO 639-1 code of what is spoken; None where nobody said.
        """

    @abstractmethod
    def read(self, tokens: Sequence[int], duration_s: float) -> Heard:
        """What the model's tokens say of a piece."""

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> list[Heard]:
        return self._hear(self.ASKED(), language, pieces, progress)

    def _hear(self, asked: Asked, language: str | None, pieces: Sequence[Samples], progress: Progress) -> list[Heard]:
        durations_s = [len(piece) / self.rate_hz for piece in pieces]
        limit = token_limit(max(durations_s), self.TOKENS_PER_S)
        with quiet():
            written = write(self.model, self.prompt(pieces, asked, language), limit, progress)
            return [
                replace(
                    self.read(each.tokens, duration_s),
                    average_log_probability=each.average_log_probability,
                    cut_short=not each.finished,
                )
                for each, duration_s in zip(written, durations_s, strict=True)
            ]
