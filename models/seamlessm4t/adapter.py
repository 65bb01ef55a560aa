"""SeamlessM4T by Meta on transformers: speech in about a hundred languages, written in its own or in another.

The part that makes speech of the text is not loaded.
"""

from collections.abc import Sequence

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.translation import PieceTranslator
from models.seamlessm4t.languages import MODEL_CODES

LONGEST_S = 20.0
"""It was trained on single sentences; longer pieces lose some."""
TRANSLATED_S = 12.0
SHORTEST_S = 0.2
_TOKENS_PER_S = 8
_LEAST_TOKENS = 8


class SeamlessM4T(PieceTranslator):
    """A loaded SeamlessM4T; offers the surfaces `asr` and `translate`."""

    @property
    def target_languages(self) -> Sequence[str]:
        known = self.model.generation_config.text_decoder_lang_to_code_id
        return [ours for ours, theirs in MODEL_CODES.items() if theirs in known]

    def write(
        self, pieces: Sequence[Samples], language: str | None, target: str, progress: Progress
    ) -> Sequence[Heard]:
        inputs = self.processor(audio=list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")
        longest_s = max(map(len, pieces)) / self.rate_hz
        return self.texts(
            self.greedy(
                inputs,
                most_tokens=int(longest_s * _TOKENS_PER_S) + _LEAST_TOKENS,
                progress=progress,
                tgt_lang=MODEL_CODES[target],
            )
        )


def load(request: LoadRequest) -> SeamlessM4T:
    """Load a variant of either version, without what speaks."""
    version = "v2" if request.ref.variant.startswith("v2") else ""
    return SeamlessM4T(
        request,
        f"SeamlessM4T{version}ForSpeechToText",
        longest_s=LONGEST_S,
        translated_s=TRANSLATED_S,
        shortest_s=SHORTEST_S,
        needs_source=False,
        processor_class="SeamlessM4TProcessor",
    )
