"""pyannote.audio's speaker diarization behind the diarization contract.

Segmentation of overlapping 10 s windows, one embedding for each speaker of each window, clustering of the embeddings,
and reconstruction with overlapping speech (Bredin, "pyannote.audio 2.1 speaker diarization pipeline: principle,
benchmark, and recipe", Interspeech 2023).
"""

import os
import warnings
from collections.abc import Mapping
from typing import Any

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.registry.loaded import LoadRequest
from modellab.registry.threads import torch_threads
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Diarization, Turn
from modellab.surfaces.speakers import diarization_of

_SEGMENTATION = "segmentation.bin"
_EMBEDDING = "campplus.pt"
_STAGES = {"segmentation": (0.0, 0.25), "embeddings": (0.25, 1.0)}
"""pyannote's long stages -> where each begins and ends in the fraction of all work (measured on ten minutes)."""


def load(request: LoadRequest) -> "PyannoteDiarization":
    """Load a variant: a pipeline that the hub serves, or the one assembled from segmentation-3.0 and CAM++.

    Raises:
        WeightsCorrupt: weights that can't be opened safely, or are not a pipeline's.
    """
    if request.weights is None:
        raise WeightsCorrupt(f"{request.ref} was given no folder of weights")
    _import_pyannote()
    import torch

    from models.pyannote_diarization.hub import load_pipeline

    pipeline = _assemble(request) if request.variant.hub is None else load_pipeline(request.weights)
    pipeline.segmentation_batch_size = pipeline.embedding_batch_size = request.facts.batch_size or 1
    return PyannoteDiarization(pipeline.to(torch.device(request.facts.device)), request)


def _import_pyannote() -> None:
    from modellab.registry import torchaudio_cpu

    # pyannote.audio reports its use over the network unless told not to; it looks here each time.
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    torchaudio_cpu.make_importable()
    with warnings.catch_warnings():
        # Without FFmpeg it warns that it can't decode files; it is only ever given waveforms here.
        warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly")
        import pyannote.audio.pipelines  # noqa: F401


def _assemble(request: LoadRequest) -> Any:
    from pyannote.audio.pipelines import SpeakerDiarization

    from models.pyannote_diarization.campplus import CamPlusPlusEmbedding
    from models.pyannote_diarization.checkpoints import unused_plda
    from models.pyannote_diarization.segmentation import Segmentation
    from models.pyannote_diarization.workers import Workers

    assert request.weights is not None
    parameters = request.variant.parameters
    workers = Workers(request.facts.threads if request.facts.device == "cpu" else 1)
    pipeline = SpeakerDiarization(
        segmentation=Segmentation.from_checkpoint(request.weights / _SEGMENTATION, workers),
        segmentation_step=parameters["segmentation_step"],
        embedding=CamPlusPlusEmbedding(weights=request.weights / _EMBEDDING, workers=workers).eval(),
        embedding_exclude_overlap=True,
        plda=unused_plda(),
        clustering="AgglomerativeClustering",
    )
    pipeline.instantiate(
        {
            "segmentation": {"min_duration_off": 0.0},
            "clustering": {
                "method": "centroid",
                "threshold": parameters["threshold"],
                "min_cluster_size": parameters["min_cluster_size"],
            },
        }
    )
    return pipeline


class PyannoteDiarization:
    """A loaded pyannote pipeline."""

    def __init__(self, pipeline: Any, request: LoadRequest) -> None:
        self._pipeline = pipeline
        self._name = str(request.ref)
        self._own = request.variant.parameters
        # The assembled pipeline has workers of its own; torch's threads would only get in their way.
        self._torch_threads = 1 if request.variant.hub is None else request.facts.threads
        self._defaults: dict[str, dict[str, Any]] = pipeline.parameters(instantiated=True)

    def diarize(self, audio: Waveform, parameters: Mapping[str, Any], progress: Progress) -> Diarization:
        """Say who speaks when; turns of different speakers may overlap.

        Args:
            audio: mono at 16 kHz.
            parameters: `num_speakers`, `min_speakers`, `max_speakers`; `threshold`, `min_cluster_size`,
                `min_duration_off_s` (None: the variant's own value).

        Raises:
            UsageError: a parameter that this variant's clustering does not have.
        """
        import torch

        if self._own:
            self._set_windows("long_" if audio.duration_s > float(self._own["long_recording_s"]) else "")
        self._pipeline.instantiate(self._values(parameters))
        wanted = {name: parameters.get(name) for name in ("num_speakers", "min_speakers", "max_speakers")}
        file = {
            "waveform": torch.from_numpy(audio.samples)[None],
            "sample_rate": audio.sample_rate_hz,
            "uri": "recording",
        }
        with torch_threads(self._torch_threads), warnings.catch_warnings():
            # Numbers of speakers that a recording can't have are the user's to see in the result.
            warnings.filterwarnings("ignore", message=r"\s*The detected number of speakers")
            # Of speech too short to embed pyannote takes the mean of nothing; it then counts as one speaker's.
            warnings.filterwarnings("ignore", message="Mean of empty slice|invalid value encountered in divide")
            output = self._pipeline(file, hook=_Hook(progress), **wanted)
        tracks = output.speaker_diarization.itertracks(yield_label=True)
        return diarization_of((Turn(s.start, s.end, str(label)) for s, _, label in tracks), audio.duration_s)

    def _set_windows(self, prefix: str) -> None:
        """Long recordings need fewer windows for the same error (see the README), and so fewer of them for a voice."""
        windows = self._pipeline._segmentation
        # pyannote takes the step between windows only when a pipeline is built.
        windows.step = self._own[f"{prefix}segmentation_step"] * windows.duration
        self._defaults["clustering"]["min_cluster_size"] = self._own[f"{prefix}min_cluster_size"]

    def _values(self, parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """The pipeline's hyper-parameters: the variant's own, overridden by those that are given."""
        values = {part: dict(own) for part, own in self._defaults.items()}
        for name, part, own_name in (
            ("threshold", "clustering", "threshold"),
            ("min_cluster_size", "clustering", "min_cluster_size"),
            ("min_duration_off_s", "segmentation", "min_duration_off"),
        ):
            if parameters.get(name) is None:
                continue
            if own_name not in values.get(part, {}):
                raise UsageError(
                    f"{self._name} has no parameter {name!r}",
                    allowed=", ".join(name for own in self._defaults.values() for name in own),
                )
            values[part][own_name] = parameters[name]
        return values


class _Hook:
    """pyannote's progress hook, as a fraction of the whole work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(
        self,
        step: str,
        artifact: Any = None,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        if step in _STAGES and total and completed is not None:
            start, end = _STAGES[step]
            self._progress(start + (end - start) * min(completed / total, 1.0))
