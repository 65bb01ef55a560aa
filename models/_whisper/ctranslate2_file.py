"""Reading CTranslate2's `model.bin`, every byte of it.

The layout is that of `ModelSpec._serialize` in ctranslate2/specs/model_spec.py, binary version 6, little-endian:
version, name and revision of the specification; the variables, each with name, shape, type and bytes; the aliases.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import WeightsCorrupt

Array = npt.NDArray[Any]

BINARY_VERSION = 6
_TYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("<f4"),
    1: np.dtype("i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
    4: np.dtype("<f2"),
}
"""CTranslate2's number of a type; bfloat16 (5) is one that numpy lacks."""
_SCALE = "_scale"


@dataclass(frozen=True, slots=True)
class Ctranslate2File:
    """What a `model.bin` holds."""

    path: Path
    specification: str
    revision: int
    variables: dict[str, Array]
    """Name -> the numbers as they are stored; a scalar has the shape `()`."""
    aliases: dict[str, str]
    """Name -> the variable that it stands for."""

    def plain(self) -> dict[str, Array]:
        """Every tensor under each of its names, quantised ones as the float32 numbers that they stand for.

        CTranslate2 stores a row of a matrix times its scale, rounded to int8; of int16 the whole has one scale. Tensors
        that are equal are stored once: the others are aliases.

        Raises:
            WeightsCorrupt: an alias of nothing, or a quantised tensor without a scale, or a scale without a tensor.
        """
        if strange := sorted(name for name, of in self.aliases.items() if of not in self.variables):
            raise WeightsCorrupt(f"{self.path}: {strange[0]} stands for a tensor that is not there")
        stored = dict(self.variables)
        scales = {name.removesuffix(_SCALE): stored.pop(name) for name in list(stored) if name.endswith(_SCALE)}
        for name, of in self.aliases.items():
            if name.endswith(_SCALE):
                scales[name.removesuffix(_SCALE)] = self.variables[of]
        if lonely := sorted(scales.keys() - stored.keys() - self.aliases.keys()):
            raise WeightsCorrupt(f"{self.path} holds a scale of {lonely[0]} and not the tensor")
        plain = {name: self._unscaled(name, values, scales.get(name)) for name, values in stored.items()}
        for name, of in self.aliases.items():
            if name.endswith(_SCALE):
                continue
            # The same stored numbers may stand for others where they have a scale of their own.
            own = scales.get(name)
            plain[name] = plain[of] if own is None else self._unscaled(name, stored[of], own)
        return plain

    def _unscaled(self, name: str, values: Array, scale: Array | None) -> Array:
        if scale is not None:
            by_row = scale.astype(np.float32).reshape(scale.shape + (1,) * (values.ndim - scale.ndim))
            return values.astype(np.float32) / by_row
        if values.ndim and values.dtype.kind != "f":
            raise WeightsCorrupt(f"{self.path}: {name} is {values.dtype} and has no scale")
        return values


def read_ctranslate2(path: Path) -> Ctranslate2File:
    """A `model.bin`, its arrays views of the file.

    Raises:
        WeightsCorrupt: it can't be read, ends too early, goes on after its end, or holds what this layout has not.
    """
    try:
        with path.open("rb") as handle:
            data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:  # an empty file can't be mapped
        raise WeightsCorrupt(f"{path} can't be read", found=str(error)) from error
    reader = _Reader(path, data)
    version = reader.number("I")
    if version != BINARY_VERSION:
        raise WeightsCorrupt(f"{path} is no CTranslate2 model", found=f"binary version {version}", allowed="6")
    specification, revision = reader.text(), reader.number("I")
    variables: dict[str, Array] = {}
    for _ in range(reader.number("I")):
        name, values = reader.variable()
        if name in variables:
            raise WeightsCorrupt(f"{path} holds {name} twice")
        variables[name] = values
    aliases = {reader.text(): reader.text() for _ in range(reader.number("I"))}
    if reader.left:
        raise WeightsCorrupt(f"{path} goes on for {reader.left} bytes after its end")
    return Ctranslate2File(path, specification, revision, variables, aliases)


class _Reader:
    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path, self._data, self._at = path, data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def number(self, kind: str) -> int:
        (value,) = struct.unpack(f"<{kind}", self._data[self._take(struct.calcsize(kind))])
        return int(value)

    def text(self) -> str:
        raw = self._data[self._take(self.number("H"))]
        try:
            return raw.removesuffix(b"\0").decode()
        except UnicodeDecodeError as error:
            raise WeightsCorrupt(f"{self._path} has a name that is no text", found=repr(raw[:40])) from error

    def variable(self) -> tuple[str, Array]:
        name = self.text()
        shape = tuple(self.number("I") for _ in range(self.number("B")))
        kind, size = self.number("B"), self.number("I")
        if kind not in _TYPES:
            raise WeightsCorrupt(f"{self._path}: {name} is of a type that can't be read", found=f"type {kind}")
        dtype: np.dtype[Any] = _TYPES[kind]
        count = int(np.prod(shape, dtype=np.int64))
        if count * dtype.itemsize != size:
            raise WeightsCorrupt(f"{self._path}: {name} has {size} bytes for {shape} of {dtype}")
        taken = self._take(size)
        return name, np.frombuffer(self._data, dtype, count, taken.start).reshape(shape)

    def _take(self, count: int) -> slice:
        if count > self.left:
            raise WeightsCorrupt(f"{self._path} ends too early: {count} bytes wanted, {self.left} left")
        self._at += count
        return slice(self._at - count, self._at)
