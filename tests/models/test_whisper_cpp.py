"""whisper.cpp in its process, its file rebuilt from faster-whisper's; and words from tokens."""

from collections.abc import Callable
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import UsageError, WeightsCorrupt
from modellab.media.audio import Waveform
from modellab.surfaces.contracts import AsrModel
from models._whisper.grouping import Token, segment_of, with_bounded_first, words_of
from models.whisper_cpp.adapter import WhisperCpp

from .whispers import SPEECH, assert_new_jersey_is_heard, new_jersey

Load = Callable[[str], Any]


def test_it_hears_new_jersey_where_it_is_said(load_model: Load, sample: Waveform) -> None:
    model: AsrModel = load_model("whisper_cpp:tiny.en")
    told: list[float] = []
    found = model.transcribe(new_jersey(sample), SPEECH, {}, told.append)
    assert_new_jersey_is_heard(found)
    assert (found.language, found.language_candidates, told) == ("en", [], [1.0])
    assert all(u.no_speech_probability is None and u.compression_ratio for u in found.utterances)
    with pytest.raises(UsageError, match=r"whisper_cpp:tiny.en can't transcribe the language 'de'; allowed: en\."):
        model.transcribe(sample, SPEECH, {"language": "de"}, lambda fraction: None)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ggml.bin").write_bytes(b"no model")
    with pytest.raises(WeightsCorrupt, match=r"ggml\.bin is not a model of whisper\.cpp; found .*bad magic"):
        WhisperCpp(tmp_path / "ggml.bin", "BASE", 1)
    with pytest.raises(WeightsCorrupt, match=r"none\.bin is not a model of whisper\.cpp; found .*failed to open"):
        WhisperCpp(tmp_path / "none.bin", "BASE", 1)


def token(text: bytes, start_s: float, end_s: float, probability: float = 0.5) -> Token:
    return Token(text, start_s, end_s, log(probability))


def test_tokens_become_words_where_a_space_begins() -> None:
    tokens = [
        token(b" didn", 0.0, 0.2, 0.8),
        token(b"'t", 0.2, 0.3, 0.4),
        token(b" ($", 0.3, 0.4),
        token(b"5", 0.4, 0.5),
        token(b").", 0.5, 0.6),
    ]
    found = list(words_of(tokens, "en"))
    assert [(word.word, word.start, word.end) for word in found] == [(" didn't", 0.0, 0.3), (" ($5).", 0.3, 0.6)]
    assert [word.probability for word in found] == pytest.approx([0.6, 0.5])


def test_a_character_of_several_tokens_stays_whole_and_is_a_word_where_there_are_no_spaces() -> None:
    sound = "音".encode()
    tokens = [token(sound[:2], 0.0, 0.1), token(sound[2:], 0.1, 0.2), token("声".encode(), 0.2, 0.4)]
    assert [(word.word, word.start, word.end) for word in words_of(tokens, "ja")] == [
        ("音", 0.0, 0.2),
        ("声", 0.2, 0.4),
    ]
    assert [word.word for word in words_of(tokens, "ko")] == ["音声"]
    assert [word.word for word in words_of([*tokens, token(b"\xff", 0.4, 0.5)], "ja")] == ["音", "声", "\ufffd"]


@given(st.text(min_size=1, max_size=40), st.data(), st.sampled_from(["en", "ja"]))
def test_words_are_the_text_in_order_however_it_is_cut_into_tokens(text: str, data: st.DataObject, code: str) -> None:
    whole = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(whole) - 1)), max_size=10)))
    parts = [whole[start:end] for start, end in pairwise([0, *cuts, len(whole)]) if start < end]
    tokens = [token(part, number / 10, (number + 1) / 10) for number, part in enumerate(parts)]
    found = list(words_of(tokens, code))
    assert "".join(word.word for word in found) == text
    assert (found[0].start, found[-1].end) == (0.0, len(parts) / 10)
    assert all(before.end == after.start for before, after in pairwise(found))


def test_a_first_token_begins_at_most_twice_the_usual_length_before_its_end() -> None:
    tokens = [token(b" a", 0.0, 2.0), token(b" b", 2.0, 2.2), token(b" c", 2.2, 2.3), token(b" d", 2.3, 2.6)]
    first, *others = with_bounded_first(tokens)
    assert (first.start_s, first.end_s) == (pytest.approx(1.6), 2.0)
    assert others == tokens[1:]
    assert with_bounded_first(tokens[:1]) == tokens[:1]
    assert with_bounded_first(tokens[1:]) == tokens[1:]


def test_a_segments_figures_are_of_all_its_tokens() -> None:
    tokens = [token(b" so" * 30, 0.0, 1.0)]
    found = segment_of(tokens, "en", [-0.5, -1.5])
    assert found.avg_logprob == -1.0
    assert found.compression_ratio is not None and found.compression_ratio > 2.4
    assert found.words[0].probability == pytest.approx(exp(tokens[0].log_probability))
    assert segment_of([], "en", []).words == []
