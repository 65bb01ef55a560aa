"""WER and CER by language, with exact counts."""

import pytest

from modellab.metrics.score import Score
from modellab.metrics.transcription import normaliser_for, transcription_error


def counts(error: Score) -> tuple[str | float, ...]:
    return error.metric.name, *(error[name] for name in ("length", "substitutions", "deletions", "insertions"))


@pytest.mark.parametrize(
    ("reference", "hypothesis", "language", "expected"),
    [
        ("Mr. Smith has $20.", "mister smith has twenty dollars", "en", ("wer", 4, 0, 0, 0)),
        ("the cat sat on the mat all day long", "the bat sat on mat all day long again", "en-US", ("wer", 9, 1, 1, 1)),
        ("", "one cat", "en", ("wer", 0, 0, 0, 2)),
        ("one cat", "", "en", ("wer", 2, 0, 2, 0)),
        ("Größe zählt!", "grosse zählt", "de", ("wer", 2, 1, 0, 0)),
        ("你好，世界", "你好 世 界们", "zh", ("cer", 4, 0, 0, 1)),
        ("広州市", "広東市", "ja", ("cer", 3, 1, 0, 0)),
        ("", "声", "ja", ("cer", 0, 0, 0, 1)),
    ],
)
def test_counts(reference: str, hypothesis: str, language: str, expected: tuple[str, int, int, int, int]) -> None:
    assert counts(transcription_error(reference, hypothesis, language)) == expected


def test_the_normaliser_is_named_with_its_version() -> None:
    assert normaliser_for("en-GB").name.startswith("whisper_english-")
    assert normaliser_for("zh").unit == "character"
    assert transcription_error("a", "a", "fr").metric.protocol == normaliser_for("de").name
