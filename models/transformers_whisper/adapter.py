"""Whisper by transformers: its decoding, and its words' times from the decoder's attention to the audio.

Two passes of the decoder over each piece: the text token by token, then all of it at once, with the attention of each
token, which says when it was spoken, and its probability (openai/whisper, whisper/timing.py, does the same).
"""

from collections.abc import Sequence
from functools import cached_property
from math import fsum
from typing import Any

import numpy as np

from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from models._transformers.loading import from_folder, import_transformers, torch_dtype
from models._whisper.grouping import Token, segment_of, with_bounded_first
from models._whisper.tensors import Dimensions
from models._whisper.tokens import text_tokens
from models._whisper.transcribing import SAMPLE_RATE_HZ, PieceByPiece
from models._whisper.words import DecodedSegment

_FRAME_S = 0.02
"""Of the encoder's output."""
_FRAME = 320
"""Samples of that."""


class TransformersWhisper:
    """A loaded folder: a `Decoder`."""

    def __init__(self, request: LoadRequest) -> None:
        folder = request.weights
        if folder is None:
            raise ValueError("Whisper has weights")
        library = import_transformers()
        self._features = from_folder(folder, library.WhisperFeatureExtractor)
        self._tokenizer = from_folder(folder, library.WhisperTokenizerFast)
        # Only this implementation gives its attention away.
        self._model = from_folder(
            folder,
            library.WhisperForConditionalGeneration,
            use_safetensors=True,
            dtype=torch_dtype(request.facts.compute_type),
            attn_implementation="eager",
        )
        self._model.eval().to(request.facts.device)
        self._known = request.config.languages_of(request.ref.variant)
        self._bytes = text_tokens(folder / "tokenizer.json", self._size)

    @property
    def languages(self) -> Sequence[str]:
        if self._known != ["*"]:
            return self._known
        return [token.strip("<|>") for token in self._settings.lang_to_id]

    @property
    def _settings(self) -> Any:
        return self._model.generation_config

    @property
    def _size(self) -> Dimensions:
        config = self._model.config
        return Dimensions(
            n_mels=config.num_mel_bins,
            n_audio_ctx=config.max_source_positions,
            n_audio_state=config.d_model,
            n_audio_head=config.encoder_attention_heads,
            n_audio_layer=config.encoder_layers,
            n_vocab=config.vocab_size,
            n_text_ctx=config.max_target_positions,
            n_text_state=config.d_model,
            n_text_head=config.decoder_attention_heads,
            n_text_layer=config.decoder_layers,
        )

    @cached_property
    def _heads(self) -> list[tuple[int, int]]:
        """Layer and head of the attentions that follow the audio; where the folder names none that are there, all of
        the upper half of the decoder, as OpenAI's package does."""
        size = self._size
        named = [(int(layer), int(head)) for layer, head in getattr(self._settings, "alignment_heads", None) or ()]
        if named and all(layer < size.n_text_layer and head < size.n_text_head for layer, head in named):
            return named
        upper = range(size.n_text_layer // 2, size.n_text_layer)
        return [(layer, head) for layer in upper for head in range(size.n_text_head)]

    def detect_language(self, samples: Samples) -> tuple[str, float, list[tuple[str, float]]]:
        import torch

        with torch.inference_mode():
            logits = self._decoded(self._encoded(samples), [self._settings.decoder_start_token_id]).logits[0, -1]
        numbers = [self._settings.lang_to_id[f"<|{language}|>"] for language in self.languages]
        likely = logits[numbers].float().softmax(dim=-1).tolist()
        ordered = sorted(zip(self.languages, likely, strict=True), key=lambda pair: -pair[1])
        return *ordered[0], ordered

    def decode(self, samples: Samples, language: str, prompt: str | None) -> Sequence[DecodedSegment]:
        import torch

        with torch.inference_mode():
            encoded = self._encoded(samples)
            written = self._written(encoded, language, prompt)
            if not written:
                return []
            tokens, mean, no_speech = self._aligned(encoded, written, language, len(samples))
        segment = segment_of(with_bounded_first(tokens), language, [mean])
        return [DecodedSegment(segment.words, mean, no_speech, segment.compression_ratio)]

    def _encoded(self, samples: Samples) -> Any:
        """What the encoder makes of a piece, followed by silence up to 30 s."""
        found = self._features(samples, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        features = found.input_features.to(self._model.device, self._model.dtype)
        return self._model.get_encoder()(features)

    def _written(self, encoded: Any, language: str, prompt: str | None) -> list[int]:
        """Tokens of the text."""
        spoken = {"language": language, "task": "transcribe"} if self._settings.is_multilingual else {}
        given = self._tokenizer.get_prompt_ids(prompt, return_tensors="pt") if prompt else None
        made = self._model.generate(
            encoder_outputs=encoded,
            prompt_ids=None if given is None else given.to(self._model.device),
            return_timestamps=False,
            do_sample=False,
            num_beams=1,
            **spoken,
        )
        tokens: list[int] = made[0].tolist()
        first_special = int(self._settings.eos_token_id)
        while tokens and tokens[-1] >= first_special:
            tokens.pop()
        # What the model was told comes before its own words, and ends with a special token.
        told = max((place for place, token in enumerate(tokens) if token >= first_special), default=-1)
        # All of it goes through the decoder at once later, with its end: text that fills the decoder is a loop anyway.
        room = self._size.n_text_ctx - len(self._start(language)) - 1
        return tokens[told + 1 :][:room]

    def _start(self, language: str) -> list[int]:
        """The special tokens that text without timestamps follows."""
        settings = self._settings
        spoken = (
            [settings.lang_to_id[f"<|{language}|>"], settings.task_to_id["transcribe"]]
            if settings.is_multilingual
            else []
        )
        return [settings.decoder_start_token_id, *spoken, settings.no_timestamps_token_id]

    def _decoded(self, encoded: Any, tokens: Sequence[int], **options: Any) -> Any:
        import torch

        numbers = torch.tensor([tokens], device=self._model.device)
        return self._model(encoder_outputs=encoded, decoder_input_ids=numbers, use_cache=False, **options)

    def _aligned(
        self, encoded: Any, written: Sequence[int], language: str, samples: int
    ) -> tuple[list[Token], float, float]:
        """The tokens with their times, the mean of their log probabilities, and how likely nobody speaks."""
        start, end = self._start(language), int(self._settings.eos_token_id)
        found = self._decoded(encoded, [*start, *written, end], output_attentions=True)
        likely = found.logits[0].float().log_softmax(dim=-1)
        of_next = [float(likely[len(start) - 1 + place, token]) for place, token in enumerate([*written, end])]
        no_speech = float(likely[0, self._settings.no_timestamps_token_id - 1].exp())
        attention = [found.cross_attentions[layer][0, head] for layer, head in self._heads]
        # The attention of a token is where the one after it is spoken: that of the last special token belongs to the
        # first of the text, that of the last of the text to its end.
        times_s = _times(attention, first=len(start) - 1, after=len(start) + len(written), samples=samples)
        spans = zip(written, times_s, times_s[1:], of_next, strict=False)
        tokens = [Token(self._bytes[token], begin, stop, likelihood) for token, begin, stop, likelihood in spans]
        return tokens, fsum(of_next) / len(of_next), no_speech


def _times(attention: Sequence[Any], *, first: int, after: int, samples: int) -> list[float]:
    """When the decoder's attention goes on to what each of some tokens looks at, in seconds, never falling.

    Args:
        attention: of each head, shape `(tokens, frames)`.
        first: place of the first of these tokens, `after` that of the one after the last.
        samples: length of the piece, whose silence is looked at by nobody.
    """
    import torch
    from transformers.models.whisper.generation_whisper import _dynamic_time_warping, _median_filter

    frames = max(1, samples // _FRAME)
    weights = torch.stack([head[:, :frames].float() for head in attention])
    spread, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    smooth = _median_filter(((weights - mean) / spread.clamp_min(1e-9))[None], 7)[0]
    matrix = smooth.mean(dim=0)[first:after]
    rows, columns = _dynamic_time_warping(-matrix.cpu().double().numpy())
    jumps = np.pad(np.diff(rows), (1, 0), constant_values=1).astype(bool)
    return [float(column) * _FRAME_S for column in columns[jumps]]


def load(request: LoadRequest) -> PieceByPiece:
    """Load a variant."""
    return PieceByPiece(str(request.ref), TransformersWhisper(request))
