"""Distil-Whisper: Whispers with few decoder layers, in the same format; see `models/transformers_whisper`."""

from modellab.registry.loaded import LoadRequest
from models._whisper.transcribing import PieceByPiece
from models.transformers_whisper.adapter import TransformersWhisper


def load(request: LoadRequest) -> PieceByPiece:
    """Load a variant."""
    return PieceByPiece(str(request.ref), TransformersWhisper(request))
