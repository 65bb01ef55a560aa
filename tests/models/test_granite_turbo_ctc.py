"""Granite Speech 5 TurboCTC: words and their times, with a tiny random network in transformers' files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import UsageError
from modellab.media.audio import Samples, Waveform
from modellab.surfaces.contracts import untold
from modellab.surfaces.results import Segment, Transcript
from models._transformers.loading import import_transformers

pytestmark = pytest.mark.random_weights
RandomModel = Callable[[str], tuple[Any, Path]]
MODEL = "granite_speech:5.0-470m-turboctc"
RATE = 16_000
FRAME_S = 0.08
SAMPLES: Samples = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


def heard(model: Any, **asked: Any) -> Transcript:
    found: Transcript = model.transcribe(Waveform(SAMPLES, RATE), [Segment(0.0, 2.0)], asked, untold)
    return found


def test_its_words_are_those_of_transformers_where_its_frames_are(random_model: RandomModel) -> None:
    model, folder = random_model(MODEL)
    found = heard(model)
    transformers = import_transformers()
    own = transformers.AutoModelForCTC.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    frames = own.generate(**processor(SAMPLES, sampling_rate=RATE))
    assert frames.shape == (1, 25), "one for each 80 ms"
    (text,) = processor.batch_decode(frames, skip_special_tokens=True)
    assert found.text.split() == text.split() and len(found.words) > 3
    spoken = [place for place, token in enumerate(frames[0].tolist()) if token != own.config.pad_token_id]
    assert found.words[0].start_s == pytest.approx(spoken[0] * FRAME_S)
    assert found.words[-1].end_s == pytest.approx(min(2.0, (spoken[-1] + 1) * FRAME_S))
    assert not any(word.estimated for word in found.words)
    assert all(0 < (word.probability or 0) <= 1 for word in found.words)


def test_in_a_batch_a_short_piece_says_what_it_says_alone(random_model: RandomModel) -> None:
    model, _ = random_model(MODEL)
    long, short = SAMPLES, SAMPLES[: RATE // 2]
    alone = [model.hear([piece], None, untold)[0] for piece in (long, short)]
    together = model.hear([long, short], None, untold)
    assert [one.text for one in together] == [one.text for one in alone]
    assert all(one.text for one in alone)


def test_it_takes_no_words_to_expect(random_model: RandomModel) -> None:
    with pytest.raises(UsageError, match=r"5\.0-470m-turboctc can't be asked for that: hotwords"):
        heard(random_model(MODEL)[0], hotwords="Zoe")
