"""Notes of music: how many of those played were found, by onset, offset, pitch and all together."""

from collections.abc import Sequence

from modellab.datasets.reference import Reference, ReferenceNote
from modellab.metrics.notes import PROTOCOLS, note_scores
from modellab.metrics.score import Score

METRICS: tuple[str, ...] = tuple(PROTOCOLS)


def scores(reference: Reference, found: Sequence[ReferenceNote]) -> list[Score]:
    """Figures of the notes found; none where it is not known what was played."""
    return [] if reference.notes is None else note_scores(reference.notes, found)
