"""Speakers of a reference and of a result, paired one to one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def best_pairs(
    costs: "NDArray[np.int64]", deleted: Sequence[int], inserted: Sequence[int]
) -> list[tuple[int | None, int | None]]:
    """Each row with at most one column and the other way round, so that the sum is smallest; None: with nobody.

    Args:
        deleted: what a row costs alone.
        inserted: what a column costs alone.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = costs.shape
    size = max(rows, columns)
    square = np.zeros((size, size), dtype=np.int64)
    square[:rows, :columns] = costs
    square[:rows, columns:] = np.array(deleted, dtype=np.int64)[:, None]
    square[rows:, :columns] = np.array(inserted, dtype=np.int64)[None, :]
    return [
        (row if row < rows else None, column if column < columns else None)
        for row, column in zip(*(side.tolist() for side in linear_sum_assignment(square)), strict=True)
    ]
