"""A Whisper as OpenAI's checkpoint: `dims` and `model_state_dict`, a PyTorch file."""

from pathlib import Path

import numpy as np

from models._whisper.tensors import WhisperTensors


def write_openai(whisper: WhisperTensors, path: Path) -> None:
    """Write a file that `whisper.load_model` opens."""
    import torch

    state = {name: torch.from_numpy(np.array(values)) for name, values in whisper.tensors.items()}
    torch.save({"dims": whisper.dimensions.as_dict(), "model_state_dict": state}, path)
