"""WER and CER by language, with exact counts."""

import pytest

from modellab.metrics.error_rate import ErrorRate
from modellab.metrics.transcription import normaliser_for, transcription_error


def counts(error: ErrorRate) -> tuple[str, int, int, int, int]:
    return error.unit, error.length, error.substitutions, error.deletions, error.insertions


@pytest.mark.parametrize(
    ("reference", "hypothesis", "language", "expected"),
    [
        ("Mr. Smith has $20.", "mister smith has twenty dollars", "en", ("word", 4, 0, 0, 0)),
        ("the cat sat on the mat all day long", "the bat sat on mat all day long again", "en-US", ("word", 9, 1, 1, 1)),
        ("", "one cat", "en", ("word", 0, 0, 0, 2)),
        ("one cat", "", "en", ("word", 2, 0, 2, 0)),
        ("Größe zählt!", "grosse zählt", "de", ("word", 2, 1, 0, 0)),
        ("你好，世界", "你好 世 界们", "zh", ("character", 4, 0, 0, 1)),
        ("広州市", "広東市", "ja", ("character", 3, 1, 0, 0)),
        ("", "声", "ja", ("character", 0, 0, 0, 1)),
    ],
)
def test_counts(reference: str, hypothesis: str, language: str, expected: tuple[str, int, int, int, int]) -> None:
    assert counts(transcription_error(reference, hypothesis, language)) == expected


def test_the_normaliser_is_named_with_its_version() -> None:
    assert normaliser_for("en-GB").name.startswith("whisper_english-")
    assert normaliser_for("zh").unit == "character"
    assert transcription_error("a", "a", "fr").normaliser == normaliser_for("de").name
