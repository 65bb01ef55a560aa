"""Phrases over and over in a row: what counts as too often, in any script, across any boundary."""

import pytest

from modellab.text.repetition import Repetition, plain, repetitions

THIRTY = " ".join(f"w{number}" for number in range(30))
LONG = " ".join(f"w{number}" for number in range(700))
CLOCK = "it was not an ill disposed young man"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so so so", []),
        ("no, no, no, no, well", []),
        ("no no no no no no well", [("no", 6)]),
        ("thank you Thank you! thank you thank you", [("thank you", 4)]),
        ("a b a b a b a c", []),
        ("one two three " * 4, [("one two three", 4)]),
        ("one two three four five " * 2, []),
        ("one two three four five " * 3, [("one two three four five", 3)]),
        (f"so {CLOCK} " * 2, []),
        (f"well {f'{CLOCK} ' * 5} then", [(CLOCK, 5)]),
        (f"{THIRTY} {THIRTY} {THIRTY}", [(THIRTY[:79] + "…", 3)]),
        (f"{THIRTY} x {THIRTY} x {THIRTY} x", [(THIRTY[:79] + "…", 3)]),
        (f"{THIRTY} x {THIRTY} y {THIRTY} x", []),
        (f"{LONG} " * 3, [(LONG[:79] + "…", 3)]),
        (f"so {CLOCK[:31]} " * 6, [(f"so {CLOCK[:31]}", 6)]),
        (
            "it's a loop, really. Its a LOOP really; it’s a loop really it's a loop - really",
            [("it's a loop, really", 4)],
        ),
        ("cold-hearted man he was cold hearted man he was Cold-hearted man he was", [("cold-hearted man he was", 3)]),
        ("", []),
    ],
)
def test_what_is_a_loop(text: str, found: list[tuple[str, int]]) -> None:
    assert [(each.shown, each.times) for each in repetitions(text.split())] == found


def test_it_says_which_words_they_are() -> None:
    words = [*["I", "said"], *["that", "we", "go", "home", "now"] * 3, "that", "then"]
    assert repetitions(words) == [Repetition(2, 18, 3, "that we go home now")]


@pytest.mark.parametrize(
    "words",
    [
        ["これは", "音声", "認識", "です。", "これは音声", "認識です。", "これ", "は", "音声認識", "です"],
        ["ขอบคุณ", "ที่", "รับชม", "ขอบคุณที่", "รับชม", "ขอบ", "คุณที่รับชม"],
    ],
)
def test_scripts_without_spaces_loop_however_they_are_cut(words: list[str]) -> None:
    [found] = repetitions(words)
    assert (found.times, found.first_word, found.end_word) == (3, 0, len(words))


def test_laughter_is_none() -> None:
    assert repetitions(list("哈哈哈哈哈哈")) == []


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert [plain(word) for word in ("Don’t", "Cold-hearted,", "—", "Ｎｏ!")] == ["dont", "cold hearted", "", "no"]
