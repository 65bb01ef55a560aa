"""pyannote's segmentation network, computing several windows at once."""

from pathlib import Path

import torch
from pyannote.audio.models.segmentation import PyanNet

from modellab.errors import WeightsCorrupt
from models.pyannote_diarization.checkpoints import hyper_parameters, read_checkpoint
from models.pyannote_diarization.workers import Workers


class Segmentation(PyanNet):  # type: ignore[misc]  # pyannote.audio has no type hints
    """PyanNet whose batches are shared out among workers."""

    workers: Workers

    @classmethod
    def from_checkpoint(cls, path: Path, workers: Workers) -> "Segmentation":
        """The network of a checkpoint, in evaluation mode.

        Raises:
            WeightsCorrupt: the file is not a checkpoint of this network.
        """
        checkpoint = read_checkpoint(path)
        try:
            model = cls(**hyper_parameters(checkpoint, PyanNet))
            model.on_load_checkpoint(checkpoint)
            model.load_state_dict(checkpoint["state_dict"])
        except Exception as error:  # parameters and tensors of any kind may be in it
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise WeightsCorrupt(f"{path} does not hold a PyanNet", found=first) from error
        model.workers = workers
        return model.eval()  # type: ignore[no-any-return]

    def forward(self, waveforms: torch.Tensor) -> torch.Tensor:
        """Log-probabilities of the sets of speakers, shape `(batch, frames, sets)`, of `(batch, 1, samples)`."""
        parts = torch.chunk(waveforms, min(self.workers.count, len(waveforms)))
        return torch.cat(self.workers.map(super().forward, parts)) if len(parts) > 1 else super().forward(waveforms)
