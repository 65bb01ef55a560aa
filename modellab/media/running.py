"""Running means and extremes of a series. SciPy's filters of these names, bit for bit (tests compare them), without the
quarter of a second that importing `scipy.ndimage` takes: for windows of some hundred values at most."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

A = TypeVar("A", bound=npt.NDArray[Any])


def running_mean(values: A, window: int) -> A:
    """The mean of the `window` values about each of a series of shape `(n,)`; beyond its ends it is mirrored."""
    padded = _mirrored(values.astype(np.float64), window)
    first = np.cumsum(padded[:window])[-1]
    sums = np.cumsum(np.concatenate([[first], padded[window:] - padded[:-window]]))
    return (sums / window).astype(values.dtype)  # type: ignore[return-value]


def running_minimum(values: A, window: int) -> A:
    """The least of the `window` values about each, as above."""
    return _extreme(values, window, np.min)


def running_maximum(values: A, window: int) -> A:
    """The largest of the `window` values about each, as above."""
    return _extreme(values, window, np.max)


def _extreme(values: A, window: int, of: Callable[..., Any]) -> A:
    windows = np.lib.stride_tricks.sliding_window_view(_mirrored(values, window), window)
    return of(windows, axis=1)  # type: ignore[no-any-return]


def _mirrored(values: A, window: int) -> A:
    return np.pad(values, (window // 2, window - 1 - window // 2), mode="symmetric")  # type: ignore[return-value]
