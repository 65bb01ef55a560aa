"""Diarization without a model: energy, cepstra, clustering. A baseline, and meant to stay one."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modellab.errors import UsageError
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.speakers import diarization_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_PARAMETERS = ("num_speakers", "min_speakers", "max_speakers", "threshold")
_BELOW_LOUD_DB = 25.0
"""Frames this far below the loudest ones (their 99th percentile) are not speech."""
_ABOVE_NOISE_DB = 12.0
"""Nor are those not this far above the quietest ones (their 10th percentile)."""
_LOWEST_DBFS = -60.0
"""Nothing below this level is speech, however quiet the rest is."""
_PAUSE_FRAMES = 30
"""Shorter pauses (300 ms) do not part speech."""
_MIN_SPEECH_FRAMES = 20
"""Shorter speech (200 ms) is dropped."""
_PIECE_FRAMES = 150
"""Length (1.5 s) of the pieces whose voice is compared; neighbours share half."""
_DEFAULT_MAX_SPEAKERS = 8
_DISTANCE_DIGITS = 5
"""The spectra are computed in single precision."""


def load(request: LoadRequest) -> "HeuristicDiarization":
    """Nothing is loaded but numpy, scipy and scikit-learn."""
    return HeuristicDiarization(float(request.variant.parameters["threshold"]))


class HeuristicDiarization:
    """Clusters pieces of speech by their spectrum."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Say who speaks when, one speaker at a time.

        Args:
            audio: mono at 16 kHz.
            parameters: `num_speakers`, `min_speakers`, `max_speakers` (8 when left out), `threshold`.

        Raises:
            UsageError: another parameter is given.
        """
        if unknown := [name for name in parameters if name not in _PARAMETERS]:
            raise UsageError(
                f"heuristic_diarization takes no parameter {', '.join(unknown)}", allowed=", ".join(_PARAMETERS)
            )
        from models.heuristic_diarization.features import FRAMES_PER_SECOND, cepstra, level_dbfs

        speech = list(_runs(_is_speech(level_dbfs(audio.samples))))
        pieces = [piece for run in speech for piece in _pieces(*run)]
        if not pieces:
            return Diarization([], audio.duration_s)
        features = cepstra(audio.samples)
        progress(0.5)
        labels = self._cluster(_voices(features, pieces), parameters)
        progress(1.0)
        return diarization_of(
            (
                Turn(start / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND, str(label))
                for start, end, label in _without_overlap(pieces, labels)
            ),
            audio.duration_s,
        )

    def _cluster(self, voices: "npt.NDArray[np.float64]", parameters: Mapping[str, Any]) -> list[int]:
        if len(voices) == 1:
            return [0]
        import numpy as np
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import pdist

        # Rounded, so that equally distant voices are so on every CPU, and are then joined in order of time.
        distances = np.round(pdist(voices, "cosine"), _DISTANCE_DIGITS)
        tree = linkage(distances, method="average")
        wanted = parameters.get("num_speakers")
        labels = fcluster(tree, parameters.get("threshold", self._threshold), criterion="distance")
        fewest = wanted or parameters.get("min_speakers", 1)
        most = wanted or parameters.get("max_speakers", max(fewest, _DEFAULT_MAX_SPEAKERS))
        count = int(labels.max())
        if not fewest <= count <= most:
            labels = fcluster(tree, min(max(count, fewest), most), criterion="maxclust")
        return [int(label) for label in labels]


def _is_speech(level_dbfs: "npt.NDArray[np.float32]") -> "npt.NDArray[np.bool_]":
    import numpy as np

    quiet, loud = (float(level) for level in np.percentile(level_dbfs, (10, 99)))
    return level_dbfs > max(loud - _BELOW_LOUD_DB, quiet + _ABOVE_NOISE_DB, _LOWEST_DBFS)


def _runs(speech: "npt.NDArray[np.bool_]") -> Iterator[tuple[int, int]]:
    """Stretches of speech as frames `[start, end)`: short pauses bridged, then short stretches dropped."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([False], speech, [False])).astype(np.int8)))
    bridged: list[tuple[int, int]] = []
    for start, end in edges.reshape(-1, 2).tolist():
        if bridged and start - bridged[-1][1] < _PAUSE_FRAMES:
            bridged[-1] = (bridged[-1][0], end)
        else:
            bridged.append((start, end))
    yield from ((start, end) for start, end in bridged if end - start >= _MIN_SPEECH_FRAMES)


def _pieces(start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch cut into pieces that overlap by half; the last one ends with it."""
    while end - start > _PIECE_FRAMES:
        yield start, start + _PIECE_FRAMES
        start += _PIECE_FRAMES // 2
    yield start, end


def _voices(features: "npt.NDArray[np.float32]", pieces: list[tuple[int, int]]) -> "npt.NDArray[np.float64]":
    """Mean and deviation of each piece's cepstra, each number standardised over the recording's pieces."""
    import numpy as np

    voices = np.array([np.concatenate([f.mean(0), f.std(0)]) for f in (features[a:b] for a, b in pieces)], dtype=float)
    voices -= voices.mean(0)
    # A tiny offset: one piece, or several that are the same, would have no direction to compare.
    return np.asarray(voices / (voices.std(0) + 1e-6) + 1e-6)


def _without_overlap(pieces: list[tuple[int, int]], labels: list[int]) -> Iterator[tuple[int, int, int]]:
    """Pieces that overlap the next one meet it in the middle of what they share."""
    start = pieces[0][0]
    for index, ((_, end), label) in enumerate(zip(pieces, labels, strict=True)):
        following = pieces[index + 1][0] if index + 1 < len(pieces) else end
        shared = following < end
        meeting = (following + end) // 2 if shared else end
        yield start, meeting, label
        start = meeting if shared else following
