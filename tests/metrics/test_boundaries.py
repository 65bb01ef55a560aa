"""Errors that are only a boundary between words, told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modellab.metrics.alignment import align
from modellab.metrics.boundaries import MOST_WORDS
from modellab.metrics.normalisers import named
from modellab.metrics.transcription import boundary_free_errors


def counted(reference: str, hypothesis: str) -> tuple[int, int]:
    """Errors that stay, and those that are only boundaries."""
    (found,) = align([reference.split()], [hypothesis.split()])
    score = boundary_free_errors(found, named("none"))
    assert score["length"] == len(reference.split())
    return int(score.numerator), int(score["boundary_errors"])


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("we can not go", "we cannot go", (0, 2)),
        ("we cannot go", "we can not go", (0, 2)),
        ("der hauptbahnhof hier", "der haupt bahn hof hier", (0, 3)),
        ("a big web site", "a large website", (1, 2)),
        ("web site web site", "website website", (0, 4)),
        ("an ice cream", "a nice cream", (2, 0)),
        ("a b c d e f", "abcdef", (6, 0)),
        ("web site", "", (2, 0)),
        ("", "web site", (2, 0)),
        ("the cat", "the cat", (0, 0)),
        ("web site now", "websites now", (2, 0)),
        ("it is web site", "website they go there", (4, 0)),  # parted alike it would be five
    ],
)
def test_counts(reference: str, hypothesis: str, expected: tuple[int, int]) -> None:
    assert counted(reference, hypothesis) == expected


WORDS = some.lists(some.text("ab", min_size=1, max_size=3), max_size=8)


@given(WORDS, WORDS)
def test_errors_only_become_fewer_and_never_where_letters_differ(reference: list[str], hypothesis: list[str]) -> None:
    (found,) = align([reference], [hypothesis])
    stays, boundaries = counted(" ".join(reference), " ".join(hypothesis))
    counts = found.counts()
    assert stays + boundaries == counts["substitutions"] + counts["deletions"] + counts["insertions"]
    assert boundaries >= 0
    if "".join(reference) != "".join(hypothesis):
        assert stays > 0


@given(some.lists(some.text("abcdefgh", min_size=2, max_size=5), min_size=1, max_size=8, unique=True), some.data())
def test_words_that_are_only_parted_leave_no_error(reference: list[str], data: some.DataObject) -> None:
    heard = []
    for word in reference:
        cuts = sorted(data.draw(some.sets(some.integers(1, len(word) - 1), max_size=MOST_WORDS - 1)))
        heard += [word[start:end] for start, end in zip([0, *cuts], [*cuts, len(word)], strict=True)]
    if not set(heard) & set(reference) or heard == reference:
        assert counted(" ".join(reference), " ".join(heard))[0] == 0


def test_a_transcript_that_repeats_two_words_for_an_hour_takes_no_time() -> None:
    assert counted("jaja " * 10_000, "ja ja " * 10_000) == (0, 20_000)
