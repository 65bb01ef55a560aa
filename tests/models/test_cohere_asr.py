"""Cohere Transcribe: the loader and the adapter with a tiny random model in transformers' files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.media.audio import Waveform
from modellab.surfaces.results import Segment
from models._transformers.loading import import_transformers

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000


def test_its_words_are_those_of_transformers_in_the_language_that_it_is_told(random_model: RandomModel) -> None:
    transformers = import_transformers()
    model, folder = random_model("cohere_asr")
    samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    own = transformers.CohereAsrForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.CohereAsrProcessor.from_pretrained(folder)

    for language in ("de", "ja"):
        asked = {"speech_pad_ms": 0, "language": language}
        found = model.transcribe(Waveform(samples, RATE), [Segment(0.0, 2.0)], asked, lambda fraction: None)
        inputs = processor([samples], sampling_rate=RATE, language=language)
        del inputs["audio_chunk_index"]
        tokens = own.generate(**inputs, max_new_tokens=40, do_sample=False)
        (text,) = processor.batch_decode(tokens, skip_special_tokens=True)
        assert found.text.split() == text.split() != []
        assert (found.language, all(word.estimated for word in found.words)) == (language, True)
