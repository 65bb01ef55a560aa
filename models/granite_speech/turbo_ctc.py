"""Granite Speech 5 TurboCTC: an encoder that says of each frame of 80 ms which token it hears."""

from collections.abc import Sequence

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.asr import PieceTranscriber
from models._transformers.ctc import hear

LONGEST_S = 30.0
"""Length of a piece. It looks at ten seconds at a time and so takes any; what is heard of pauses is left out here."""
_SHORTEST_S = 0.1
"""Of fewer frames it hears nothing."""


class TurboCtc(PieceTranscriber):
    """A loaded TurboCTC; offers the surface `asr`."""

    DETECTS = True

    def __init__(self, request: LoadRequest) -> None:
        super().__init__(request, "GraniteSpeech5ForCTC", longest_s=LONGEST_S, shortest_s=_SHORTEST_S)
        extractor, encoder = self.processor.feature_extractor, self.model.config.encoder_config
        steps = extractor.frame_stacking * 2 ** len(encoder.subsample_layers)
        self._frame_s = steps * extractor.hop_length / self.rate_hz

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        progress(0.0)
        inputs = self.processor(list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")
        return hear(self.model, self.processor.tokenizer, inputs, self._frame_s)
