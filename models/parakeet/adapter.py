"""NVIDIA's Parakeet on transformers: a FastConformer encoder under one of three decoders.

Each says in which frame of 80 ms it wrote a token, so word times are measured:
- TDT (token and duration transducer): a token's frame, and how many frames on it goes;
- RNN-T (transducer): a token's frame;
- CTC: each frame has a token or none; a token lasts as long as it is repeated.
"""

from collections.abc import Sequence
from typing import Any

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.speech.by_pieces import Heard
from modellab.surfaces.contracts import Progress
from models._transformers.asr import PieceTranscriber
from models._transformers.ctc import hear as hear_ctc
from models._transformers.token_times import Token, heard

LONGEST_S = 30.0
"""About the longest of what it was trained on; it can take minutes, with memory that grows with the square."""
SHORTEST_S = 0.1
_SUBSAMPLING = 8
"""Frames of the spectrogram in one of the encoder's."""
_MOST_TOKENS_A_FRAME = 10
"""A transducer goes on to the next frame after so many: the package's own limit (`max_symbols_per_step`)."""


class _Parakeet(PieceTranscriber):
    """What the three have in common."""

    DETECTS = True

    def __init__(self, request: LoadRequest, model_class: str) -> None:
        super().__init__(request, model_class, longest_s=LONGEST_S, shortest_s=SHORTEST_S)
        self.frame_s = self.processor.feature_extractor.hop_length / self.rate_hz * _SUBSAMPLING

    def inputs(self, pieces: Sequence[Samples]) -> Any:
        return self.processor(list(pieces), sampling_rate=self.rate_hz, return_tensors="pt")


class Ctc(_Parakeet):
    """A Parakeet with a CTC decoder; offers the surface `asr`."""

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        progress(0.0)
        return hear_ctc(self.model, self.processor.tokenizer, self.inputs(pieces), self.frame_s)


class Transducer(_Parakeet):
    """A Parakeet with a transducer; offers the surface `asr`.

    Args:
        has_durations: whether it says how long a token lasts (TDT); else one frame.
    """

    def __init__(self, request: LoadRequest, model_class: str, *, has_durations: bool) -> None:
        super().__init__(request, model_class)
        self._has_durations = has_durations

    def hear(self, pieces: Sequence[Samples], language: str | None, progress: Progress) -> Sequence[Heard]:
        frames = int(max(map(len, pieces)) / self.rate_hz / self.frame_s) + 1
        config = self.model.config
        # The scores of durations follow those of tokens, and must not be taken for some.
        durations = list(range(config.vocab_size, config.vocab_size + len(getattr(config, "durations", ()))))
        generated = self.greedy(
            self.inputs(pieces),
            most_tokens=frames * _MOST_TOKENS_A_FRAME,
            likely_tokens=frames,
            progress=progress,
            suppress_tokens=durations or None,
        )
        told = generated.output.durations[:, : generated.output.sequences.shape[1]]
        steps = told[:, told.shape[1] - generated.tokens.shape[1] :]
        starts = (told.cumsum(-1) - told)[:, told.shape[1] - generated.tokens.shape[1] :]
        skipped = [config.blank_token_id, config.pad_token_id]
        found = []
        for row, piece in enumerate(pieces):
            table = zip(
                generated.tokens[row].tolist(),
                starts[row].tolist(),
                steps[row].tolist(),
                generated.each[row].tolist(),
                strict=True,
            )
            # A row that is through before others goes on beyond its end, and what it says there is of no sound.
            spoken_s = len(piece) / self.rate_hz
            tokens = [self._token(*values) for values in table]
            within = [token for token in tokens if token.start_s < spoken_s]
            found.append(heard(self.processor.tokenizer, within, skipped))
        return found

    def _token(self, token: int, frame: int, duration: int, log_probability: float) -> Token:
        frames = duration if self._has_durations else 1
        return Token(token, frame * self.frame_s, (frame + frames) * self.frame_s, log_probability)


def load(request: LoadRequest) -> _Parakeet:
    """Load a variant; its name begins with its decoder's."""
    decoder = request.ref.variant.partition("-")[0]
    if decoder == "ctc":
        return Ctc(request, "ParakeetForCTC")
    has_durations = decoder == "tdt"
    return Transducer(request, "ParakeetForTDT" if has_durations else "ParakeetForRNNT", has_durations=has_durations)
