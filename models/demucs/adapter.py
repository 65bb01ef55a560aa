"""Demucs from local files, over recordings of any length.

The package's own separation holds every stem of the whole recording in memory, twice. Here each segment is separated by
the package (`demucs.apply.apply_model`, which also weighs the models of a bag), and the overlapping segments are joined
as it joins them, but handed on as soon as they are complete.
"""

import importlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from modellab.errors import TextRefused, UsageError, WeightsCorrupt
from modellab.media.audio import Audio, Samples
from modellab.outside import parse_json, read_yaml
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from models.demucs.overlap import OverlapAdd

_OVERLAP = 0.25
"""Share of a segment that it has in common with the next: the package's default."""
_NETWORKS = ("demucs.htdemucs.HTDemucs", "demucs.hdemucs.HDemucs", "demucs.demucs.Demucs")
_ARGUMENTS = ("args", "kwargs")
_LEAST_STD = 1e-8
_STATISTICS_SAMPLES = 1 << 20


class _Bag(BaseModel):
    """What is taken of a bag's definition."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str] = Field(min_length=1, max_length=16)
    weights: list[list[float]] | None = None
    segment: float | None = Field(None, gt=0)


class Demucs:
    """A bag of Demucs networks, loaded; offers the surface `separate`."""

    def __init__(self, folder: Path, device: str) -> None:
        from demucs.apply import BagOfModels

        paths = {path.stem: path for path in sorted(folder.glob("*.safetensors"))}
        definitions = sorted(folder.glob("*.yaml"))
        if len(definitions) != 1:
            raise WeightsCorrupt(f"{folder} must hold one bag", found=", ".join(path.name for path in definitions))
        bag = _read_bag(definitions[0], list(paths))
        networks = [_load_network(paths[signature]) for signature in bag.models]
        try:
            self._bag = BagOfModels(networks, bag.weights, bag.segment)
        except Exception as error:  # it asserts that networks and weights fit
            raise WeightsCorrupt(f"{definitions[0]} does not fit its networks", found=repr(error)) from error
        self._bag.eval().to(device)
        self._device = device
        self.stems: tuple[str, ...] = tuple(self._bag.sources)
        # Bags set one length for all, or hold models of one kind.
        self._segment_s = min(float(network.segment) for network in self._bag.models)

    def separate(self, audio: Audio, progress: Progress) -> Iterator[Samples]:
        """The stems of stereo audio at 44.1 kHz, as they become known.

        Yields:
            Blocks of shape `(stems, channels, samples)`, together as long as the audio.

        Raises:
            UsageError: the audio is not what the networks take.
        """
        wanted = (self._bag.audio_channels, self._bag.samplerate)
        if (audio.channels, audio.sample_rate_hz) != wanted:
            raise UsageError(
                "Demucs can't take this audio",
                found=f"{audio.channels} channels at {audio.sample_rate_hz} Hz",
                allowed=f"{wanted[0]} channels at {wanted[1]} Hz",
            )
        length = audio.samples.shape[1]
        segment = int(self._segment_s * audio.sample_rate_hz)
        joined = OverlapAdd(segment, int((1 - _OVERLAP) * segment))
        mean, std = _mean_and_std(audio)
        for start in range(0, length, joined.stride):
            stems = self._separate_segment(audio.samples, start, segment, mean, std)
            yield joined.add(stems)
            progress(min(1.0, (start + joined.stride) / length))
        yield joined.finish()

    def _separate_segment(self, samples: Samples, start: int, segment: int, mean: float, std: float) -> Samples:
        """One segment's stems. The network sees what is around a segment that is shorter than it wants."""
        import torch
        from demucs.apply import TensorChunk, apply_model

        first = max(0, start - segment)
        around = torch.from_numpy((samples[:, first : start + 2 * segment] - np.float32(mean)) / np.float32(std))
        chunk = TensorChunk(around[None], start - first, segment)
        with torch.inference_mode():
            found = apply_model(self._bag, chunk, shifts=0, split=False, device=self._device)[0]
        stems: Samples = found.cpu().numpy() * np.float32(std) + np.float32(mean)
        return stems


def _read_bag(path: Path, signatures: Sequence[str]) -> _Bag:
    """A bag's definition, of which only what is known is taken.

    Raises:
        WeightsCorrupt: it is none, or names other networks than those that lie beside it.
    """
    try:
        bag = _Bag.model_validate(read_yaml(path))
    except (OSError, TextRefused, ValidationError) as error:
        raise WeightsCorrupt(f"{path} does not define a bag of Demucs", found=str(error)) from error
    if unknown := [name for name in bag.models if name not in signatures]:
        raise WeightsCorrupt(
            f"{path} names networks that are not there", found=", ".join(unknown), allowed=", ".join(signatures)
        )
    return bag


def _load_network(path: Path) -> Any:
    """One network. The file is opened once: what is checked is what is loaded.

    Raises:
        WeightsCorrupt: it is no safetensors file, or asks for anything else to be made than Demucs's own networks.
    """
    from safetensors import safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            kind = _kind(path, metadata)
            arguments = [_decoded(parse_json(metadata.get(name, ""), f"{name} of {path}")) for name in _ARGUMENTS]
            states = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        takes = inspect.signature(kind).parameters
        model = kind(*arguments[0], **{name: value for name, value in arguments[1].items() if name in takes})
        model.load_state_dict(states)
    except WeightsCorrupt:
        raise
    except Exception as error:  # arguments and tensors of any kind may be in it
        raise WeightsCorrupt(f"{path} does not hold a network of Demucs", found=str(error)) from error
    return model


def _kind(path: Path, metadata: Mapping[str, str]) -> Any:
    named = metadata.get("klass")
    if named not in _NETWORKS or "structure" in metadata:
        raise WeightsCorrupt(
            f"{path} is not a network of Demucs",
            found=json.dumps({name: metadata[name] for name in ("klass", "structure") if name in metadata}),
            allowed=", ".join(_NETWORKS),
        )
    module, _, name = named.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _decoded(value: Any) -> Any:
    """Arguments as Demucs writes them into JSON: fractions as mappings (demucs/hf.py, `_decode_json`)."""
    if isinstance(value, dict):
        if value.get("_type") == "fraction":
            return Fraction(value["numerator"], value["denominator"])
        return {name: _decoded(inside) for name, inside in value.items()}
    return [_decoded(inside) for inside in value] if isinstance(value, list) else value


def _mean_and_std(audio: Audio) -> tuple[float, float]:
    """Of the mono mix, by which Demucs normalises (demucs/api.py, `separate_tensor`)."""
    sums: Any = np.zeros(2)
    length = audio.samples.shape[1]
    for start in range(0, length, _STATISTICS_SAMPLES):
        mono = audio.samples[:, start : start + _STATISTICS_SAMPLES].mean(axis=0, dtype=np.float64)
        sums += (mono.sum(), np.square(mono).sum())
    mean, power = sums / length
    return float(mean), float(max(0.0, power - mean**2) ** 0.5 + _LEAST_STD)


def load(request: LoadRequest) -> Demucs:
    """Load a bag."""
    if request.weights is None:
        raise ValueError("Demucs has weights")
    return Demucs(request.weights, request.facts.device)
