"""One stretch of sound through a decoder of PocketSphinx."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from modellab.media.audio import Samples
from modellab.surfaces.results import Segment

_FRAMES_PER_SECOND = 100
_ALTERNATIVE = re.compile(r"\(\d+\)$")
"""How the decoder marks the second and further pronunciations of a word."""
_FULL_SCALE = 32767


def decode(decoder: Any, samples: Samples) -> Iterator[tuple[str, Segment]]:
    """The decoder's words, fillers and silences among them, in order, each with its time from the first sample.

    Args:
        decoder: has its grammar, language model or text already.
        samples: 16 kHz, shape `(samples,)`, at least one.
    """
    # The estimate of the noise would be carried over: what was heard before must not change what comes out.
    decoder.reinit_feat()
    decoder.start_utt()
    # The whole stretch at once: its own mean is taken out of the features.
    decoder.process_raw((np.clip(samples, -1, 1) * _FULL_SCALE).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()
    for piece in decoder.seg() or ():
        start_s, end_s = piece.start_frame / _FRAMES_PER_SECOND, (piece.end_frame + 1) / _FRAMES_PER_SECOND
        yield _ALTERNATIVE.sub("", piece.word), Segment(start_s, end_s)
