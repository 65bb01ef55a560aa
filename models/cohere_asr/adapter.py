"""Cohere Transcribe on transformers: fourteen languages written down."""

from collections.abc import Sequence

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.asr import PieceTranscriber

LONGEST_S = 30.0
"""What its feature extractor takes whole: from 30 s on it would cut for itself."""
SHORTEST_S = 0.2
_TOKENS_PER_S = 12
_LEAST_TOKENS = 16


class CohereTranscribe(PieceTranscriber):
    """A loaded Cohere Transcribe; offers the surface `asr`."""

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        inputs = self.processor(list(pieces), sampling_rate=self.rate_hz, language=language)
        taken = {name: value for name, value in inputs.items() if name != "audio_chunk_index"}
        longest_s = max(map(len, pieces)) / self.rate_hz
        return self.texts(
            self.greedy(taken, most_tokens=int(longest_s * _TOKENS_PER_S) + _LEAST_TOKENS, progress=progress)
        )


def load(request: LoadRequest) -> CohereTranscribe:
    """Load it."""
    return CohereTranscribe(
        request,
        "CohereAsrForConditionalGeneration",
        longest_s=LONGEST_S,
        shortest_s=SHORTEST_S,
        processor_class="CohereAsrProcessor",
    )
