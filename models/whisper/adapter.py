"""Whisper by OpenAI's own package: its decoding, and its words' times from the decoder's attention to the audio."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples
from modellab.registry.checkpoints import read_checkpoint
from modellab.registry.loaded import LoadRequest
from models._whisper.transcribing import PieceByPiece
from models._whisper.words import DecodedSegment, SpokenWord


class OpenaiWhisper:
    """A loaded checkpoint: a `Decoder`."""

    def __init__(self, checkpoint: Path, name: str, device: str, compute_type: str) -> None:
        import whisper

        self._model = _model(checkpoint)
        if heads := whisper._ALIGNMENT_HEADS.get(name):
            self._model.set_alignment_heads(heads)
        self._model.eval().to(device)
        self._half = compute_type == "float16"

    @property
    def languages(self) -> Sequence[str]:
        from whisper.tokenizer import LANGUAGES

        return list(LANGUAGES)[: self._model.num_languages] if self._model.is_multilingual else ["en"]

    def detect_language(self, samples: Samples) -> tuple[str, float, list[tuple[str, float]]]:
        from whisper import log_mel_spectrogram, pad_or_trim

        mel = log_mel_spectrogram(pad_or_trim(samples), self._model.dims.n_mels).to(self._model.device)
        _, found = self._model.detect_language(mel.half() if self._half else mel)
        ordered = sorted(found.items(), key=lambda pair: -pair[1])
        return *ordered[0], ordered

    def decode(self, samples: Samples, language: str, prompt: str | None) -> Sequence[DecodedSegment]:
        found = self._model.transcribe(
            samples,
            language=language,
            temperature=0.0,
            condition_on_previous_text=False,
            initial_prompt=prompt,
            word_timestamps=True,
            fp16=self._half,
        )
        return [_segment(one) for one in found["segments"]]


def _model(checkpoint: Path) -> Any:
    """The network in a file, built as `whisper.load_model` builds it of a path, but read as data and never as code."""
    from whisper import ModelDimensions, Whisper

    content = read_checkpoint(checkpoint)
    try:
        model = Whisper(ModelDimensions(**content["dims"]))
        model.load_state_dict(content["model_state_dict"])
    except Exception as error:  # a checkpoint may hold anything
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsCorrupt(f"{checkpoint} does not hold a Whisper", found=first) from error
    return model


def _segment(found: dict[str, Any]) -> DecodedSegment:
    words = [
        SpokenWord(word["word"], float(word["start"]), float(word["end"]), float(word["probability"]))
        for word in found.get("words", ())
    ]
    return DecodedSegment(words, found["avg_logprob"], found["no_speech_prob"], found["compression_ratio"])


def load(request: LoadRequest) -> PieceByPiece:
    """Load a variant."""
    if request.weights is None:
        raise ValueError("Whisper has weights")
    variant = request.ref.variant
    decoder = OpenaiWhisper(
        request.weights / f"{variant}.pt", variant, request.facts.device, request.facts.compute_type
    )
    return PieceByPiece(str(request.ref), decoder)
