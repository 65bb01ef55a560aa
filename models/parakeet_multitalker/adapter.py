"""NVIDIA's Multitalker Parakeet by NeMo: a FastConformer and an RNN-T that writes each token at its frame.

The network can be told, frame by frame, whose words are wanted. Here it is told that whoever speaks is meant.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.speech.asked import Asked
from modellab.speech.by_pieces import Heard, transcribe_pieces
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Word
from models._nemo.restoring import restored

_LONGEST_PIECE_S = 30.0
_SHORTEST_PIECE_S = 0.5
_WORD_BEGINS = "▁"
"""What SentencePiece puts in place of a space."""


class Parakeet:
    """The model, loaded; offers the surface `asr`."""

    def __init__(self, request: LoadRequest, folder: Path) -> None:
        self._name, self._device = str(request.ref), request.facts.device
        self._languages = request.config.languages_of(request.ref.variant)
        self._batch_size = request.facts.batch_size or 1
        [name] = request.variant.files
        self._model: Any = restored(
            folder / name,
            self._device,
            "nemo.collections.asr.models.multitalker_asr_models",
            "EncDecMultiTalkerRNNTBPEModel",
            speaks=True,
        )
        # NeMo would make a dictionary of the frames, by words as it parts them.
        self._model.decoding.compute_timestamps = False
        self._frame_s = self._model.cfg.preprocessor.window_stride * self._model.encoder.subsampling_factor

    def transcribe(
        self, audio: Waveform, speech: Sequence[Segment], parameters: Mapping[str, Any], progress: Progress
    ) -> Transcript:
        """Words of the speech, with the times at which the network wrote their tokens."""
        asked = Asked.parse(self._name, parameters)
        return transcribe_pieces(
            audio,
            speech,
            self._hear,
            longest_s=_LONGEST_PIECE_S,
            pad_s=asked.speech_pad_ms / 1000,
            batch_size=asked.batch_size or self._batch_size,
            language=asked.spoken(self._name, self._languages, detects=False),
            progress=progress,
            shortest_s=_SHORTEST_PIECE_S,
        )

    def _hear(self, sounds: Sequence[Samples], progress: Progress) -> list[Heard]:
        import torch

        lengths = [len(sound) for sound in sounds]
        padded = np.zeros((len(sounds), max(lengths)), np.float32)
        for row, sound in zip(padded, sounds, strict=True):
            row[: len(sound)] = sound
        with torch.inference_mode():
            features, count = self._model.preprocessor(
                input_signal=torch.from_numpy(padded).to(self._device),
                length=torch.tensor(lengths, device=self._device),
            )
            # One frame of each: NeMo puts as many before it as there are, of the same value.
            everybody = torch.ones(len(sounds), 1, device=self._device)
            self._model.set_speaker_targets(everybody, torch.zeros_like(everybody))
            encoded, frames = self._model.encoder(audio_signal=features, length=count)
            found = self._model.decoding.rnnt_decoder_predictions_tensor(
                encoder_output=encoded, encoded_lengths=frames, return_hypotheses=True
            )
        return [self._heard(one) for one in found]

    def _heard(self, found: Any) -> Heard:
        import torch

        tokens = self._model.tokenizer.ids_to_tokens(torch.as_tensor(found.y_sequence).tolist())
        words = words_of(tokens, torch.as_tensor(found.timestamp).tolist(), self._frame_s)
        return Heard(" ".join(word.text for word in words), words)


def words_of(tokens: Sequence[str], frames: Sequence[int], frame_s: float) -> list[Word]:
    """Words of tokens as SentencePiece has them.

    A word begins with the frame at which its first token was written, and ends with that of its last one, but no
    later than the next one begins.

    Args:
        frames: at which each token was written, not falling.
        frame_s: seconds from a frame to the next.
    """
    groups: list[tuple[str, int, int]] = []
    begins = True
    for token, frame in zip(tokens, frames, strict=True):
        begins = begins or token.startswith(_WORD_BEGINS)
        text = token.replace(_WORD_BEGINS, "")
        if not text:
            continue  # a space of its own: what follows begins a word
        if begins:
            groups.append((text, frame, frame))
        else:
            before, first, _ = groups[-1]
            groups[-1] = (before + text, first, frame)
        begins = False
    starts = [first for _, first, _ in groups[1:]]
    return [
        Word(text, first * frame_s, min(last + 1, following) * frame_s)
        for (text, first, last), following in zip(groups, [*starts, groups[-1][2] + 1] if groups else [], strict=True)
    ]


def load(request: LoadRequest) -> Parakeet:
    """Load a Parakeet."""
    if request.weights is None:
        raise ValueError("Parakeet has weights")
    return Parakeet(request, request.weights)
