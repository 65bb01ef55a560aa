"""Error rates: counts, sums, and what refuses to be summed."""

import pytest

from modellab.metrics.error_rate import DiarizationError, ErrorRate


def test_a_corpus_rate_is_a_sum_over_a_sum() -> None:
    short = ErrorRate("word", "n", length=2, substitutions=1, insertions=1)
    long = ErrorRate("word", "n", length=98, deletions=3)
    assert (short.rate, long.rate) == (1.0, 3 / 98)
    assert short + long == ErrorRate("word", "n", length=100, substitutions=1, deletions=3, insertions=1)
    assert (short + long).rate == 0.05


def test_an_empty_reference_has_errors_but_no_rate() -> None:
    assert ErrorRate("word", "n", insertions=3).rate is None
    assert ErrorRate("word", "n", insertions=3).errors == 3


@pytest.mark.parametrize("other", [ErrorRate("character", "n"), ErrorRate("word", "m")])
def test_other_units_and_normalisers_do_not_add_up(other: ErrorRate) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        ErrorRate("word", "n") + other


def test_diarization_errors_add_up_under_one_protocol_only() -> None:
    first = DiarizationError(0.0, False, total_s=10.0, missed_s=1.0)
    second = DiarizationError(0.0, False, total_s=30.0, false_alarm_s=2.0, confusion_s=1.0)
    assert (first + second).rate == 0.1
    assert DiarizationError(0.0, False).rate is None
    with pytest.raises(ValueError, match="do not add up"):
        first + DiarizationError(0.25, False)
