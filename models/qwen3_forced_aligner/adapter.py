"""Forced alignment by Qwen3-ForcedAligner on transformers: the words go in with the audio, each with two marks, and the
network says of every mark which step of 80 ms it stands at. It runs once for all of them.
"""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.results import MIN_WORD_S, Segment
from models._transformers.loading import load as load_transformers
from models._transformers.loading import quiet

_SHORTEST_S = 0.5
"""Shorter audio is followed by silence: the encoder has a least number of frames."""


class Qwen3ForcedAligner:
    """A loaded network; offers the surface `align`."""

    def __init__(self, request: LoadRequest) -> None:
        self.languages: Sequence[str] = request.config.languages_of(request.ref.variant)
        self._processor, self._network = load_transformers(
            request, "Qwen3ASRForTokenClassification", "Qwen3ASRProcessor"
        )

    def knows(self, word: str) -> bool:
        """Whether there is a letter or digit in it: no more is asked of a word."""
        return bool(self._units(word))

    def align(self, audio: Waveform, words: Sequence[str]) -> Sequence[Segment] | None:
        """The span of each word, in steps of 80 ms but for words to which the network gives no length; None of audio
        that is too short for so many words."""
        import torch

        if not len(audio.samples):
            return None
        units = [self._units(word) for word in words]
        fill = max(0, round(_SHORTEST_S * audio.sample_rate_hz) - len(audio.samples))
        with quiet():
            # Spaces part units that the processor parts already, and so change nothing.
            inputs, listed = self._processor.prepare_forced_aligner_inputs(
                np.pad(audio.samples, (0, fill)), " ".join(unit for those in units for unit in those)
            )
        with torch.inference_mode():
            logits = self._network(**inputs.to(self._network.device, dtype=self._network.dtype)).logits
        [found] = self._processor.decode_forced_alignment(
            logits, inputs["input_ids"], listed, self._network.config.timestamp_token_id
        )
        ends = list(accumulate(len(those) for those in units))
        spans = [
            Segment(found[first]["start_time"], found[end - 1]["end_time"])
            for first, end in zip([0, *ends], ends, strict=False)
        ]
        return in_order(spans, audio.duration_s)

    def _units(self, word: str) -> list[str]:
        """What the network gives times to: the word without its punctuation, or each Chinese character of it."""
        found: list[str] = self._processor.split_words_for_alignment(word)
        return found


def in_order(spans: Sequence[Segment], duration_s: float) -> list[Segment] | None:
    """Spans each of which lasts at least `MIN_WORD_S`, one after another inside the audio, else as they were.

    None where the audio is too short for so many.
    """
    if len(spans) * MIN_WORD_S > duration_s:
        return None
    after: list[Segment] = []
    over_s = 0.0
    for span in spans:
        start_s = max(span.start_s, over_s)
        over_s = max(span.end_s, start_s + MIN_WORD_S)
        after.append(Segment(start_s, over_s))
    # Those that reach over the end make room there, and whatever is in their way before them.
    placed: list[Segment] = []
    limit_s = duration_s
    for span in reversed(after):
        end_s = min(span.end_s, limit_s)
        limit_s = min(span.start_s, end_s - MIN_WORD_S)
        placed.append(Segment(max(limit_s, 0.0), end_s))
    return placed[::-1]


def load(request: LoadRequest) -> Qwen3ForcedAligner:
    """Load a variant."""
    return Qwen3ForcedAligner(request)
