"""What figures can be, stated of every metric; `conftest.py` sees to it that they are."""

import pytest

from modellab.metrics.bounds import UNBOUNDED, Bounds, bounds_of
from modellab.metrics.mean import mean_metric, mean_score

SHARE, RATE, NONE = Bounds(0.0, 1.0), Bounds(0.0, None), Bounds()


@pytest.mark.parametrize(
    ("metric", "unit", "better", "bounds"),
    [
        ("wer", "ratio", "lower", RATE),
        ("der", "ratio", "lower", RATE),
        ("der_false_alarm", "ratio", "lower", RATE),
        ("der_missed", "ratio", "lower", SHARE),
        ("jer", "ratio", "lower", SHARE),
        ("vad_precision", "ratio", "higher", SHARE),
        ("word_start_error", "s", "lower", RATE),
        ("invented_words_per_minute", "words/min", "lower", RATE),
        ("pesq", "MOS", "higher", Bounds(0.999, 4.999)),
        ("pesq_before", "MOS", "higher", Bounds(0.999, 4.999)),
        ("pesq_gain", "MOS", "higher", Bounds(0.999 - 4.999, 4.999 - 0.999)),
        ("stoi_gain", "correlation", "higher", Bounds(-2.0, 2.0)),
        ("dnsmos_ovrl", "MOS", "higher", NONE),
        ("si_sdr", "dB", "higher", NONE),
        ("si_sdr_gain", "dB", "higher", NONE),
    ],
)
def test_each_metric_has_those_of_its_kind(metric: str, unit: str, better: str, bounds: Bounds) -> None:
    assert bounds_of(metric, unit, better) == bounds


def test_an_interval_ends_where_figures_end_and_what_is_no_limit_stays_none() -> None:
    assert SHARE.within(-0.4, 1.7) == (0.0, 1.0)
    assert SHARE.within(0.2, 0.3) == (0.2, 0.3)
    assert RATE.within(-0.4, 1.7) == (0.0, 1.7)
    assert SHARE.within(float("-inf"), float("inf")) == (float("-inf"), float("inf"))
    assert UNBOUNDED.within(-3.0, 4.0) == (-3.0, 4.0)
    assert SHARE.of_differences == Bounds(-1.0, 1.0)
    assert RATE.of_differences == UNBOUNDED


def test_a_figure_beyond_them_is_noticed() -> None:
    metric = mean_metric("jer", "ratio", "lower", protocol="", version="1")
    with pytest.raises(AssertionError, match="jer is 1"):
        mean_score(metric, 1.5)
