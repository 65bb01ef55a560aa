"""CLAP by LAION on transformers: sound and words in one space, so that any words can be asked of a sound.

A window is what the checkpoint's extractor takes at once (10 s); one that is shorter is repeated as often as it fits,
then followed by silence, as in training. Windows are heard one by one: of several, transformers draws by lot one that
the fused variant then hears as a longer one. Alone it always is, as in transformers' own pipeline.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.media.audio import Samples, Waveform
from modellab.registry.loaded import LoadRequest
from modellab.surfaces.contracts import Progress, Vectors
from modellab.surfaces.results import Segment
from modellab.surfaces.sounds import ClassScores, read_labels
from models._transformers.loading import load as load_checkpoint

PROMPT = "This is a sound of {}."
"""What transformers' pipeline and the makers' own test of ESC-50 make of a label."""
SHORTEST_S = 0.1
"""The makers name no limit: it is repeated to fill a window. A tenth of a second is ten columns of its spectrogram."""
_HOPS_PER_WINDOW = 2
LABELS = "labels"
"""The variant's parameter that holds the labels of whoever names none."""


class Clap:
    """A loaded CLAP; offers the surfaces `classify` and `embed_sound`."""

    def __init__(self, request: LoadRequest) -> None:
        # What the variants fetch is the pickle (README.md).
        self._processor, self._model = load_checkpoint(request, "ClapModel", "ClapProcessor", safetensors=False)
        self._labels = read_labels(str(request.variant.parameters[LABELS]))
        extractor = self._processor.feature_extractor
        self._rate_hz = int(extractor.sampling_rate)
        self._window = int(extractor.nb_max_samples)
        self._hop = self._window // _HOPS_PER_WINDOW

    @property
    def shortest_s(self) -> float:
        return SHORTEST_S

    def classify(self, audio: Waveform, labels: Sequence[str] | None, progress: Progress) -> ClassScores:
        """Scores of 10 s of 48 kHz audio, every 5 s: of all labels together 1, whether or not one of them fits."""
        import torch

        classes = list(labels or self._labels)
        with torch.inference_mode():
            texts = self._texts([PROMPT.format(label) for label in classes])
            scale = self._model.logit_scale_a.exp().float().cpu()
            count = self._count(audio.samples)
            scores = np.empty((count, len(classes)), dtype=np.float32)
            for number, vector in enumerate(self._vectors(audio.samples)):
                scores[number] = (scale * (texts @ vector)).softmax(dim=0).numpy()
                progress((number + 1) / count)
        return ClassScores(classes, scores, self._window / self._rate_hz, self._hop / self._rate_hz)

    def embed_sound(self, audio: Waveform, heard: Sequence[Sequence[Segment]], progress: Progress) -> Vectors:
        """One row of 512 for each, from 48 kHz audio: the direction of the mean over windows.

        Stretches are joined end to end.
        """
        import torch

        pieces = [
            np.concatenate(
                [
                    audio.samples[round(span.start_s * self._rate_hz) : round(span.end_s * self._rate_hz)]
                    for span in spans
                ]
            )
            for spans in heard
        ]
        total, done, rows = sum(map(self._count, pieces)), 0, []
        with torch.inference_mode():
            for piece in pieces:
                vectors = []
                for vector in self._vectors(piece):
                    vectors.append(vector.numpy())
                    done += 1
                    progress(done / total)
                mean = np.mean(vectors, axis=0, dtype=np.float64)
                rows.append(mean / np.linalg.norm(mean))
        width = self._model.config.projection_dim
        found: npt.NDArray[np.float32] = np.array(rows, dtype=np.float32).reshape(len(heard), width)
        return found

    def _texts(self, texts: Sequence[str]) -> Any:
        """Unit vectors of texts, a row for each."""
        inputs = self._processor.tokenizer(list(texts), padding=True, return_tensors="pt").to(self._model.device)
        found = self._model.get_text_features(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]
        ).pooler_output
        return found.float().cpu()

    def _vectors(self, samples: Samples) -> Iterator[Any]:
        """Unit vectors of all windows, in order."""
        for number in range(self._count(samples)):
            piece = samples[number * self._hop :][: self._window]
            # Nothing can't be repeated.
            inputs = self._processor.feature_extractor(
                piece if len(piece) else np.zeros(1, dtype=np.float32),
                sampling_rate=self._rate_hz,
                return_tensors="pt",
            )
            found = self._model.get_audio_features(
                input_features=inputs["input_features"].to(self._model.device, self._model.dtype),
                is_longer=inputs["is_longer"].to(self._model.device),
            ).pooler_output
            yield found[0].float().cpu()

    def _count(self, samples: Samples) -> int:
        """How many windows it takes until every sample is in one; the last holds at least a hop, unless it is alone."""
        return 1 + max(0, -(-(len(samples) - self._window) // self._hop))


def load(request: LoadRequest) -> Clap:
    """Load a variant."""
    return Clap(request)
