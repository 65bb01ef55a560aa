"""The most probable way through a row of phones, given what a network heard: CTC's (Graves et al., 2006), in numpy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_NEVER = -1e30


def best_path(log_probabilities: npt.NDArray[np.float64], labels: Sequence[int], blank: int) -> list[int] | None:
    """For each frame the number of the label that it belongs to, -1 for none of them (the blank); None where there is
    no such way: too few frames.

    Args:
        log_probabilities: of each symbol in each frame, shape `(frames, symbols)`.
        labels: at least one, each a symbol.
        blank: the symbol that says nothing.
    """
    symbols = np.full(2 * len(labels) + 1, blank)
    symbols[1::2] = labels
    frames, states = len(log_probabilities), len(symbols)
    if not frames:
        return None
    heard = log_probabilities[:, symbols]
    # Between two equal labels there is a blank, or they would be one.
    may_skip = np.zeros(states, dtype=bool)
    may_skip[3::2] = symbols[3::2] != symbols[1:-2:2]
    came_from = np.zeros((frames, states), dtype=np.int8)
    best = np.full(states, _NEVER)
    best[:2] = heard[0, :2]
    ways = np.full((3, states), _NEVER)
    for frame in range(1, frames):
        ways[0] = best
        ways[1, 1:] = best[:-1]
        ways[2, 2:] = np.where(may_skip[2:], best[:-2], _NEVER)
        came_from[frame] = ways.argmax(axis=0)
        best = ways.max(axis=0) + heard[frame]
    state = states - 1 if best[-1] > best[-2] else states - 2
    if best[state] <= _NEVER / 2:
        return None
    path = [state]
    for frame in range(frames - 1, 0, -1):
        state -= int(came_from[frame, state])
        path.append(state)
    return [each // 2 if each % 2 else -1 for each in reversed(path)]
