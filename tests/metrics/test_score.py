"""The one shape of metrics: components, sums, and what refuses to be summed."""

from dataclasses import replace
from pathlib import Path

import pytest

from modellab.datasets.reference import CaseId
from modellab.documents import load, save
from modellab.metrics.diarization import error_rate as diarization_error_rate
from modellab.metrics.score import Metric, Score
from modellab.metrics.scored import ScoredResult, Scores

WER = Metric(
    *("wer", "ratio", "lower", "n-1", "1+jiwer-4"),
    numerator={"substitutions": 1, "deletions": 1, "insertions": 1},
    denominator={"length": 1},
)
F1 = Metric("onset_f1", "ratio", "higher", "50 ms", "1", {"matched": 2}, {"reference": 1, "found": 1})
SI_SDR = Metric("si_sdr", "dB", "higher", "", "1", {"si_sdr_db": 1}, {"cases": 1}, others=("seconds",))


def words(length: int, substitutions: int = 0, deletions: int = 0, insertions: int = 0) -> Score:
    counts = {"length": length, "substitutions": substitutions, "deletions": deletions, "insertions": insertions}
    return Score(WER, counts)


def test_a_corpus_rate_is_a_sum_over_a_sum() -> None:
    short, long = words(2, substitutions=1, insertions=1), words(98, deletions=3)
    assert (short.value, long.value) == (1.0, 3 / 98)
    assert short + long == words(100, substitutions=1, deletions=3, insertions=1)
    assert (short + long).value == 0.05


def test_an_empty_reference_has_errors_but_no_rate_and_adds_them_to_the_corpus() -> None:
    silent = words(0, insertions=3)
    assert (silent.value, silent.numerator) == (None, 3)
    assert (silent + words(100, deletions=2)).value == 0.05


def test_components_may_weigh_more_than_one_and_a_mean_is_a_sum_over_cases() -> None:
    first = Score(F1, {"matched": 3, "reference": 4, "found": 5})
    assert first.value == 6 / 9
    assert (first + Score(F1, {"matched": 1, "reference": 4, "found": 3})).value == 8 / 16
    figures = [Score(SI_SDR, {"si_sdr_db": db, "cases": 1, "seconds": s}) for db, s in ((-2.0, 10.0), (5.0, 1.0))]
    assert (figures[0] + figures[1]).value == 1.5
    assert (figures[0] + figures[1])["seconds"] == 11.0


@pytest.mark.parametrize(
    "other",
    [
        replace(WER, protocol="n-2"),
        replace(WER, version="2+jiwer-4"),
        replace(WER, name="cer"),
        replace(WER, numerator={"substitutions": 2, "deletions": 1, "insertions": 1}),
    ],
)
def test_scores_of_another_protocol_version_or_rule_do_not_add_up(other: Metric) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        words(1) + Score(other, words(1).components)


def test_collar_and_overlap_are_a_protocol() -> None:
    seconds = {"total_s": 10.0, "missed_s": 1.0, "false_alarm_s": 2.0, "confusion_s": 0.5}
    strict, older = (
        Score(diarization_error_rate(collar_s=collar_s, skip_overlap=left_out), seconds)
        for collar_s, left_out in ((0.0, False), (0.25, True))
    )
    assert strict.value == 0.35
    assert (strict.metric.protocol, older.metric.protocol) == (
        "collar 0 s, overlap scored",
        "collar 0.25 s, overlap left out",
    )
    with pytest.raises(ValueError, match="do not add up"):
        strict + older


@pytest.mark.parametrize(
    ("components", "error", "said"),
    [
        ({"length": 1, "substitutions": 0, "deletions": 0}, None, "not deletions, length, substitutions"),
        ({**words(1).components, "hits": 1}, None, "deletions, hits, insertions"),
        ({**words(1).components, "length": float("nan")}, None, "must be finite: length"),
        ({**words(1).components, "length": -1}, None, "is negative: -1"),
        (words(1).components, "no speech", "has the components none"),
    ],
)
def test_components_that_are_not_the_metrics_are_refused(
    components: dict[str, float], error: str | None, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        Score(WER, components, error)


def test_a_failed_case_does_not_vanish_from_a_sum() -> None:
    failed = Score(WER, {}, "no speech to judge")
    assert failed.value is None
    with pytest.raises(ValueError, match="no speech to judge"):
        words(10) + failed


def test_a_scored_result_comes_back_from_its_file_and_gives_a_row_for_each_score(tmp_path: Path) -> None:
    case = CaseId("calls", "3", "one")
    scored = ScoredResult("f" * 64, "c" * 64, case, [words(8, deletions=2)])
    scored.scores.append(Score(SI_SDR, {}, "silence"))
    save(Scores([scored]), tmp_path)
    assert load(Scores, tmp_path / "scores.json") == Scores([scored])
    shared = {
        **{"fingerprint": "f" * 64, "content_sha256": "c" * 64, "scored_at": "2026-03-01T10:00:00+00:00"},
        **{"dataset": "calls", "dataset_version": "3", "case_id": "one"},
    }
    assert list(scored.rows("2026-03-01T10:00:00+00:00")) == [
        {
            **shared,
            **{"metric": "wer", "unit": "ratio", "better": "lower", "protocol": "n-1", "scorer_version": "1+jiwer-4"},
            **{"value": 0.25, "numerator": 2, "denominator": 8, "error": None},
            "components": {"length": 8, "substitutions": 0, "deletions": 2, "insertions": 0},
        },
        {
            **shared,
            **{"metric": "si_sdr", "unit": "dB", "better": "higher", "protocol": "", "scorer_version": "1"},
            **{"value": None, "numerator": None, "denominator": None, "components": {}, "error": "silence"},
        },
    ]
