"""PocketSphinx forced alignment on a read book whose words have times, and how it pronounces what no dictionary has."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.media.audio import Waveform
from modellab.surfaces.contracts import AlignModel
from models._pronunciation import plain, pronunciations
from models.pocketsphinx_aligner.adapter import PocketSphinxAligner

pytest.importorskip("pocketsphinx", reason="the extra `align` is not installed")

RATE = 16_000
BOOK = "en-librivox-austen"


@pytest.fixture(scope="module")
def model(load_model: Callable[[str], PocketSphinxAligner]) -> PocketSphinxAligner:
    return load_model("pocketsphinx_aligner")


def heard(path: Path) -> Waveform:
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    return Waveform(samples, rate)


def reference(path: Path) -> list[tuple[str, float, float]]:
    """Words with start and end in seconds."""
    words = json.loads(path.with_suffix(".json").read_text())["w"]
    spoken = [word for word in words if not word["t"].startswith(("<", "["))]
    return [(re.sub(r"\(\d+\)$", "", word["t"]), word["b"], word["b"] + word["d"]) for word in spoken]


def test_words_of_a_book_are_where_the_reference_has_them(model: AlignModel, data: Path) -> None:
    """The reference was made with the same acoustic model, so this says that it is used rightly, not how good it is."""
    paths = sorted((data / BOOK).glob("*.wav"))
    assert len(paths) == 5
    for path in paths:
        words = reference(path)
        found = model.align(heard(path), [word for word, _, _ in words])
        assert found is not None
        off = [abs(span.start_s - start_s) for span, (_, start_s, _) in zip(found, words, strict=True)]
        off += [abs(span.end_s - end_s) for span, (_, _, end_s) in zip(found, words, strict=True)]
        assert max(off) <= 0.05
        assert np.mean(off) <= 0.005
        assert all(one.end_s <= other.start_s for one, other in pairwise(found))


def test_what_was_aligned_before_changes_nothing(model: AlignModel, load_model: object, data: Path) -> None:
    path = sorted((data / BOOK).glob("*.wav"))[0]
    words = [word for word, _, _ in reference(path)]
    first = model.align(heard(path), words)
    noise = np.random.default_rng(0).normal(0, 0.3, 3 * RATE).astype(np.float32)
    model.align(Waveform(noise, RATE), ["hello"])
    assert model.align(heard(path), words) == first


def test_written_and_plain_words_have_the_same_times(model: AlignModel, data: Path) -> None:
    path = sorted((data / BOOK).glob("*.wav"))[0]
    words = [word for word, _, _ in reference(path)]
    assert words[:4] == ["and", "mister", "john", "dashwood"]
    written = ["“And", "mister", "JOHN", "Dashwood,", *words[4:-1], f"{words[-1]}.”"]
    assert model.align(heard(path), written) == model.align(heard(path), words)


def test_words_that_do_not_fit_the_audio_have_no_times(model: AlignModel, data: Path) -> None:
    path = sorted((data / BOOK).glob("*.wav"))[0]
    words = [word for word, _, _ in reference(path)]
    assert model.align(Waveform(heard(path).samples[: RATE // 5], RATE), words) is None
    assert model.align(Waveform(np.zeros(0, dtype=np.float32), RATE), words) is None


@pytest.mark.parametrize("word", ["Jira", "…", "—", "", "Schmetterlinge", "B2B"])
def test_words_nobody_can_pronounce_are_unknown(model: AlignModel, word: str) -> None:
    assert not model.knows(word)


@pytest.mark.parametrize("word", ["Hello,", "I’m", "'em", "$45", "2023", "25%", "U.S.", "FaceTime", "and/or", "90s"])
def test_words_as_a_transcript_writes_them_are_known(model: AlignModel, word: str) -> None:
    assert model.knows(word)


PHONES = {
    **{"nineteen": "NT", "five": "F", "oh": "OH", "hundred": "H", "one": "ONE", "thousand": "TH", "and": "AND"},
    **{"nine": "N", "zero": "Z", "ninety": "NTY", "nineties": "NTIES", "third": "3RD", "dollars": "D", "percent": "PC"},
    **{"face": "FACE", "time": "TIME", "virgil": "VIRGIL", "s.": "ES", "q.": "KJU", "l.": "EL", "two": "TWO"},
    **{"point": "P", "l": "wrong"},
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("1905", ["NT OH F", "ONE TH N H F", "ONE TH N H AND F", "ONE N Z F"]),
        ("$1,000", ["ONE TH D"]),
        ("5%", ["F PC"]),
        ("2.5", ["TWO P F"]),
        ("3rd", ["3RD"]),
        ("90s", ["NTIES"]),
        ("5:00", ["F Z", "F Z Z"]),
        ("FaceTime", ["FACE TIME"]),
        ("face-time", ["FACE TIME"]),
        ("Virgil's", ["VIRGIL Z"]),
        ("SQL", ["ES KJU EL"]),
        ("sql", []),
        ("face-plant", []),
        ("", []),
    ],
)
def test_words_are_put_together_from_those_of_the_dictionary(word: str, expected: list[str]) -> None:
    assert pronunciations(word, PHONES.get) == expected


@pytest.mark.parametrize(
    ("written", "word"), [("“Hello,", "Hello"), ("don’t.", "don't"), ("$45,", "$45"), ("25%.", "25%"), ("(‘em", "'em")]
)
def test_punctuation_around_a_word_is_not_read(written: str, word: str) -> None:
    assert plain(written) == word
