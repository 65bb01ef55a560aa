"""DeepFilterNet by its authors' package `deepfilternet`, from a local checkpoint.

The package is of 2023 and asks for a numpy of its time, so it has an environment of its own. It imports a module that
torchaudio has since dropped, for a type that only its annotations use: a stand-in is put there.
"""

import re
import sys
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from modellab.errors import TextRefused, WeightsCorrupt
from modellab.media.audio import Samples
from modellab.outside import Limits, read_text
from modellab.registry.checkpoints import read_weights, unpickle
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
_CONFIG_LIMITS = Limits(bytes=64 << 10)
_CHECKPOINT = re.compile(r"^model_(?:\w*_)?(\d{1,9})\.ckpt\.best$")
_NETWORKS = ("deepfilternet", "deepfilternet2", "deepfilternet3", "deepfilternetmf")
"""Modules of the package that are networks; it would import any module that a description names."""
_BACKEND = "torchaudio.backend"


class OfficialDeepFilterNet:
    """A checkpoint, loaded; offers the surface `enhance`."""

    def __init__(self, folder: Path, device: str) -> None:
        _make_df_importable()
        from df.enhance import init_df

        # The package opens both files by itself, the one to import a module that it names, the other as a pickle, and
        # the first again with each recording. So it gets a copy of what was checked.
        self._copy = TemporaryDirectory(prefix="deepfilternet-")
        self._folder, self._device = Path(self._copy.name), device
        (self._folder / _CONFIG).write_text(_checked_config(folder / _CONFIG), "utf-8")
        checkpoint = _best_checkpoint(folder / _CHECKPOINTS)
        data = read_weights(checkpoint)
        saved = unpickle(data, str(checkpoint))
        (self._folder / _CHECKPOINTS).mkdir()
        (self._folder / _CHECKPOINTS / checkpoint.name).write_bytes(data)
        try:
            self._network, self._transform, _ = init_df(str(self._folder), log_level="none", log_file=None)
        except (Exception, SystemExit) as error:
            raise WeightsCorrupt(f"{folder} holds no DeepFilterNet", found=str(error)) from error
        _check_complete(self._network, saved, checkpoint)
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


def _checked_config(path: Path) -> str:
    """The text of a checkpoint's description, whose network is one of the package's.

    Raises:
        WeightsCorrupt: it can't be read, or names another module.
    """
    parser = ConfigParser()
    try:
        text = read_text(path, _CONFIG_LIMITS)
        parser.read_string(text)
        named = parser.get("train", "model", fallback=_NETWORKS[0])
    except (OSError, TextRefused, ConfigParserError) as error:
        raise WeightsCorrupt(f"{path} does not describe a DeepFilterNet", found=str(error)) from error
    if named not in _NETWORKS:
        raise WeightsCorrupt(f"{path} names a network that is not known", found=named, allowed=", ".join(_NETWORKS))
    return text


def _best_checkpoint(folder: Path) -> Path:
    """The one the package takes: the latest epoch of the best.

    Raises:
        WeightsCorrupt: there is none.
    """
    epochs = {path: int(match[1]) for path in folder.glob("*.ckpt.best") if (match := _CHECKPOINT.match(path.name))}
    if not epochs:
        raise WeightsCorrupt(f"{folder} holds no checkpoint", allowed="model_<epoch>.ckpt.best")
    return max(epochs, key=lambda path: epochs[path])


def _check_complete(network: object, saved: object, path: Path) -> None:
    """Refuse a checkpoint that lacks weights: the package would leave random numbers in their place.

    Raises:
        WeightsCorrupt: it does.
    """
    import torch

    assert isinstance(network, torch.nn.Module)
    held = {str(name).replace("clc", "df"): value for name, value in saved.items()} if isinstance(saved, dict) else {}
    wanted = network.state_dict()
    wrong = sorted(name for name, value in wanted.items() if getattr(held.get(name), "shape", None) != value.shape)
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
