"""DeepFilterNet by its authors' package `deepfilternet`, from a local checkpoint.

The package is of 2023. It asks for an older numpy than it needs, so it is installed without its dependencies. And it
imports a module that torchaudio has since dropped, for a type that only its annotations use: a stand-in is put there.
"""

import sys
from pathlib import Path
from types import ModuleType

from modellab.errors import WeightsCorrupt
from modellab.media.audio import Samples
from modellab.registry.loaded import LoadRequest
from modellab.registry.torchaudio_cpu import make_importable
from models.deepfilternet_official.blocks import BlockStream

RATE_HZ = 48_000
BLOCK_SAMPLES = 20 * RATE_HZ
BEFORE_SAMPLES = 4 * RATE_HZ
"""The package's running means forget by a factor of e each second (`NORM_TAU`)."""
AFTER_SAMPLES = RATE_HZ // 10
"""More than the frames that any generation looks ahead."""
_CHECKPOINTS = "checkpoints"
_CONFIG = "config.ini"
_BACKEND = "torchaudio.backend"


class OfficialDeepFilterNet:
    """A checkpoint, loaded; offers the surface `enhance`."""

    def __init__(self, folder: Path, device: str) -> None:
        _make_df_importable()
        from df.enhance import init_df

        self._folder, self._device = folder, device
        self._network, self._transform, _ = init_df(str(folder), log_level="none", log_file=None)
        _check_complete(self._network, folder / _CHECKPOINTS)
        self._network.to(device)

    def stream(self) -> BlockStream:
        """A new stream of 48 kHz audio."""
        return BlockStream(self.enhance, BLOCK_SAMPLES, BEFORE_SAMPLES, AFTER_SAMPLES)

    def enhance(self, samples: Samples) -> Samples:
        """Audio in one go, 48 kHz, shape `(samples,)`, as long as it came and in time."""
        import torch
        from df.config import config
        from df.enhance import enhance

        # The package keeps one configuration for the process; another checkpoint may have put its own there.
        config.load(str(self._folder / _CONFIG), config_must_exist=True, allow_reload=True)
        config.set("DEVICE", self._device, str, section="train")
        self._transform.reset()
        output: Samples = enhance(self._network, self._transform, torch.from_numpy(samples[None]))[0].numpy()
        return output


def _make_df_importable() -> None:
    make_importable()
    if _BACKEND in sys.modules:
        return
    backend, common = ModuleType(_BACKEND), ModuleType(f"{_BACKEND}.common")
    common.__dict__["AudioMetaData"] = type("AudioMetaData", (), {})
    backend.__dict__["common"] = common
    sys.modules[_BACKEND], sys.modules[f"{_BACKEND}.common"] = backend, common


def _check_complete(network: object, folder: Path) -> None:
    """Refuse a checkpoint that lacks weights: the package would leave random numbers in their place.

    Raises:
        WeightsCorrupt: it does.
    """
    import torch

    assert isinstance(network, torch.nn.Module)
    # The one the package takes: the latest epoch of the best.
    path = max(folder.glob("model*.ckpt.best"), key=lambda path: int(path.name.split(".")[0].split("_")[-1]))
    saved = {name.replace("clc", "df"): value for name, value in torch.load(path, map_location="cpu").items()}
    wanted = network.state_dict()
    wrong = sorted(name for name, value in wanted.items() if name not in saved or saved[name].shape != value.shape)
    if wrong:
        raise WeightsCorrupt(
            f"{path} is no checkpoint of the network that {_CONFIG} beside it describes",
            found=f"{len(wrong)} of {len(wanted)} weights missing or of another shape, such as {wrong[0]}",
            hint="Keep each checkpoint with the config.ini it was published with.",
        )


def load(request: LoadRequest) -> OfficialDeepFilterNet:
    """Load a checkpoint."""
    if request.weights is None:
        raise ValueError("DeepFilterNet has weights")
    return OfficialDeepFilterNet(request.weights, request.facts.device)
