"""Parakeet: words and their times from each of the three decoders, with tiny random models in transformers' files."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.media.audio import Waveform
from modellab.surfaces.results import Segment, Transcript, Word
from models._transformers.loading import import_transformers
from models._transformers.token_times import Token, words_of

RandomModel = Callable[[str], tuple[Any, Path]]
RATE = 16_000
FRAME_S = 0.08


def heard(model: Any, samples: np.ndarray, speech: Sequence[Segment], **asked: Any) -> Transcript:
    found: Transcript = model.transcribe(Waveform(samples, RATE), speech, asked, lambda fraction: None)
    return found


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


@pytest.mark.random_weights
@pytest.mark.parametrize("variant", ["tdt-0.6b-v3", "rnnt-0.6b"])
def test_a_transducer_s_words_and_times_are_those_of_transformers(
    random_model: RandomModel, samples: np.ndarray, variant: str
) -> None:
    transformers = import_transformers()
    model, folder = random_model(f"parakeet:{variant}")
    found = heard(model, samples[:RATE], [Segment(0.0, 1.0)])

    tdt = variant.startswith("tdt")
    own = getattr(transformers, "ParakeetForTDT" if tdt else "ParakeetForRNNT").from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    vocabulary = own.config.vocab_size
    options = {"suppress_tokens": list(range(vocabulary, vocabulary + 5))} if tdt else {}
    made = own.generate(**processor(samples[:RATE], sampling_rate=RATE), max_new_tokens=130, **options)
    (text,), (tokens,) = processor.decode(made.sequences, durations=made.durations, skip_special_tokens=True)

    assert found.text.split() == text.split() != []
    assert found.words[0].start_s == pytest.approx(tokens[0]["start"])
    assert found.words[-1].end_s == pytest.approx(min(1.0, max(token["end"] for token in tokens)))
    starts = [token["start"] for token in tokens if token["token"].startswith(" ")]
    assert [word.start_s for word in found.words[1:]] == pytest.approx(starts)
    assert not any(word.estimated for word in found.words)
    assert all(0 < (word.probability or 0) <= 1 for word in found.words)


@pytest.mark.random_weights
def test_ctc_s_words_are_those_of_transformers_where_its_frames_are(
    random_model: RandomModel, samples: np.ndarray
) -> None:
    transformers = import_transformers()
    model, folder = random_model("parakeet:ctc-1.1b")
    found = heard(model, samples, [Segment(0.0, 2.0)])

    own = transformers.ParakeetForCTC.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    frames = own.generate(**processor(samples, sampling_rate=RATE))
    (text,) = processor.batch_decode(frames, skip_special_tokens=True)
    assert found.text.split() == text.split() != []
    spoken = [place for place, token in enumerate(frames[0].tolist()) if token != own.config.pad_token_id]
    assert found.words[0].start_s == pytest.approx(spoken[0] * FRAME_S)
    assert found.words[-1].end_s == pytest.approx(min(2.0, (spoken[-1] + 1) * FRAME_S))
    assert all(before.end_s <= after.start_s + 1e-9 for before, after in pairwise(found.words))


@pytest.mark.random_weights
@pytest.mark.parametrize("variant", ["tdt-0.6b-v3", "ctc-1.1b"])
def test_in_a_batch_a_short_piece_says_what_it_says_alone(
    random_model: RandomModel, samples: np.ndarray, variant: str
) -> None:
    model, _ = random_model(f"parakeet:{variant}")
    long, short = samples, samples[: RATE // 2]
    alone = [model.hear([piece], None, lambda fraction: None)[0] for piece in (long, short)]
    together = model.hear([long, short], None, lambda fraction: None)
    assert [one.text for one in together] == [one.text for one in alone]
    assert all(one.text for one in alone)


def test_tokens_become_words_with_punctuation_that_lasts_no_time() -> None:
    from models._transformers.tiny import letters

    transformers = import_transformers()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=letters(["<unk>", "<pad>"]), unk_token="<unk>", pad_token="<pad>"
    )
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in ("▁a", "b", "'", "▁c", "<pad>")}
    said = [("▁a", 0.0, 0.2, -0.1), ("b", 0.2, 0.4, -1.0), ("'", 0.8, 0.9, 0.0), ("<pad>", 0.9, 1.0, 0.0)]
    tokens = [Token(ids[token], *rest) for token, *rest in [*said, ("▁c", 1.0, 1.1, 0.0)]]
    assert words_of(tokenizer, tokens, [ids["<pad>"]]) == [
        Word("ab'", 0.0, 0.4, pytest.approx(np.exp(-1.0))),
        Word("c", 1.0, 1.1, 1.0),
    ]
    assert words_of(tokenizer, [], []) == []
