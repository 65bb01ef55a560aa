"""Tiny Demucs networks with random numbers, in the package's own classes and files: one bag for each variant."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

_CHANNELS = 4
_SEGMENT_S = Fraction(3, 2)
_FILES: dict[str, tuple[str, ...]] = {
    "htdemucs": ("955717e8",),
    "htdemucs_ft": ("f7e0c4bc", "d12395a8", "92cfc3b6", "04573f0d"),
    "htdemucs_6s": ("5c90dfd2",),
    "mdx_extra": ("e51eebcc", "a1d90b5c", "5d2d6c55", "cfa93e08"),
}
"""Variant -> the names of its networks, as its config has them."""


def write(folder: Path, variant: str) -> None:
    """Write a variant's bag and its networks, the same numbers each time.

    Raises:
        KeyError: there is no such variant.
    """
    import torch
    import yaml
    from demucs.hdemucs import HDemucs
    from demucs.htdemucs import HTDemucs
    from safetensors.torch import save_file

    kind = HDemucs if variant == "mdx_extra" else HTDemucs
    arguments = _arguments(variant)
    told = json.dumps({name: _plain(value) for name, value in arguments.items()})
    metadata = {"klass": f"{kind.__module__}.{kind.__name__}", "args": "[]", "kwargs": told}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name in _FILES[variant]:
            state = {key: value.contiguous() for key, value in kind(**arguments).state_dict().items()}
            save_file(state, folder / f"{name}.safetensors", metadata=metadata)
    (folder / f"{variant}.yaml").write_text(yaml.safe_dump(_bag(variant)))


def _arguments(variant: str) -> dict[str, Any]:
    six = ["guitar", "piano"] if variant == "htdemucs_6s" else []
    common: dict[str, Any] = {
        "sources": ["drums", "bass", "other", "vocals", *six],
        "channels": _CHANNELS,
        "dconv_comp": 2,
        "dconv_depth": 1,
    }
    if variant == "mdx_extra":
        return {**common, "norm_groups": 2}
    small = {"t_layers": 1, "t_heads": 2, "t_hidden_scale": 1.0, "bottom_channels": 0}
    return {**common, **small, "segment": _SEGMENT_S}


def _plain(value: Any) -> Any:
    """As the package writes fractions into JSON."""
    if isinstance(value, Fraction):
        return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}
    return value


def _bag(variant: str) -> dict[str, Any]:
    bag: dict[str, Any] = {"models": list(_FILES[variant])}
    if variant == "htdemucs_ft":
        bag["weights"] = [[float(row == column) for column in range(4)] for row in range(4)]
    if variant == "mdx_extra":
        bag["segment"] = float(_SEGMENT_S)
    return bag
