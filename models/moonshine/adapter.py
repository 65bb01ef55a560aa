"""Moonshine by Useful Sensors on transformers: as long as the sound, no padding to half a minute.

The streaming family (v2) is used as an ordinary recogniser here: a piece goes in whole. Its encoder sees a window of
what comes, so it could listen along; transformers has no way to ask it for that yet.
"""

from collections.abc import Sequence

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.asr import PieceTranscriber

LONGEST_S = 30.0
"""What it was trained on (the model card: no more than 30 s)."""
SHORTEST_S = 0.5
"""Below this the card warns of repetition; the front end of the first family needs 0.06 s."""
_TOKENS_PER_S = 6.5
"""More are a loop: the model cards' own limit."""
_STREAMING = "streaming"


class Moonshine(PieceTranscriber):
    """A loaded Moonshine; offers the surface `asr`."""

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        inputs = self.processor(list(pieces), sampling_rate=self.rate_hz, return_tensors="pt", padding=True)
        longest_s = max(map(len, pieces)) / self.rate_hz
        return self.texts(self.greedy(inputs, most_tokens=int(longest_s * _TOKENS_PER_S) + 1, progress=progress))


def load(request: LoadRequest) -> Moonshine:
    """Load a variant of either family."""
    family = "MoonshineStreaming" if request.ref.variant.startswith(_STREAMING) else "Moonshine"
    return Moonshine(request, f"{family}ForConditionalGeneration", longest_s=LONGEST_S, shortest_s=SHORTEST_S)
