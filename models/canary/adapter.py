"""NVIDIA's Canary 1B v2 on transformers: 25 European languages written down, and translated from and into English."""

from collections.abc import Sequence

from modellab.errors import UsageError
from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.translation import PieceTranslator

LONGEST_S = 30.0
"""Beyond about 40 s the makers cut recordings too."""
TRANSLATED_S = 15.0
SHORTEST_S = 0.2
_PIVOT = "en"
_TOKENS_PER_S = 12
_LEAST_TOKENS = 16


class Canary(PieceTranslator):
    """A loaded Canary; offers the surfaces `asr` and `translate`."""

    @property
    def target_languages(self) -> Sequence[str]:
        return self.languages

    def check_direction(self, language: str | None, target: str) -> None:
        super().check_direction(language, target)
        if _PIVOT not in (language, target):
            raise UsageError(
                f"model {self.name} translates from English and into English only",
                found=f"from {language} into {target}",
                hint="Take translate.target=en, or another model, such as seamlessm4t.",
            )

    def write(
        self, pieces: Sequence[Samples], language: str | None, target: str, progress: Progress
    ) -> Sequence[Heard]:
        assert language is not None
        inputs = self.processor.apply_transcription_request(
            audio=list(pieces), source_language=language, target_language=target
        )
        longest_s = max(map(len, pieces)) / self.rate_hz
        return self.texts(
            self.greedy(inputs, most_tokens=int(longest_s * _TOKENS_PER_S) + _LEAST_TOKENS, progress=progress)
        )


def load(request: LoadRequest) -> Canary:
    """Load it."""
    return Canary(
        request,
        "CanaryForConditionalGeneration",
        longest_s=LONGEST_S,
        translated_s=TRANSLATED_S,
        shortest_s=SHORTEST_S,
        needs_source=True,
        processor_class="CanaryProcessor",
    )
