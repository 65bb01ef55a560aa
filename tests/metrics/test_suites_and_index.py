"""What the suites asr and text give is what their lists and docs/metrics say: every name, its unit, its direction."""

import re
from datetime import date

import pytest

from modellab.datasets.reference import Reference, ReferenceAction, ReferenceChapter
from modellab.metrics.score import Score
from modellab.metrics.suites import asr, text
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence, Line, Summary

CITED = Evidence(0.0, 1.0, None, 0, 1, "words")
TEXTS = Reference(
    "en", chapters=[ReferenceChapter(0.0)], summary="They talk.", actions=[ReferenceAction("Call", None, "2026-03-12")]
)


def of_asr() -> list[Score]:
    found: list[Score] = []
    for language, said in (("fr", "On a vu Anna, 3 fois."), ("zh", "你好")):
        words = [Word(word, float(place), place + 1.0, 0.9) for place, word in enumerate(said.split())]
        transcript = Transcript([Utterance(0.0, 9.0, said, words)], 9.0)
        found += asr.scores(Reference(language, said, words=words), transcript)
    return found


def of_text() -> list[Score]:
    chapters = Chapters([Chapter("Talk", 0.0, 9.0, 0, 1, CITED)], "extractive")
    summary = Summary([Line("They talk.", [CITED])], [], "extractive")
    items = ActionItems([ActionItem("Call", None, None, None, date(2026, 3, 12), [CITED])], "rules")
    return text.scores(TEXTS, Transcript([], 9.0), chapters, summary, items)


@pytest.mark.parametrize(
    ("metrics", "found"), [(asr.METRICS, of_asr()), (text.METRICS, of_text())], ids=["asr", "text"]
)
def test_every_metric_is_given_and_is_what_the_index_says(metrics: tuple[str, ...], found: list[Score]) -> None:
    assert {one.metric.name for one in found} == set(metrics)
    index = (PROJECT_ROOT / "docs" / "metrics" / "README.md").read_text()
    rows = {
        name: (unit, better)
        for name, unit, better in re.findall(r"^\| \[(\w+)\]\(\S+\) \| (\S+) \| (\w+) \|", index, re.M)
    }
    for one in found:
        assert one.error is None
        assert rows[one.metric.name] == (one.metric.unit, one.metric.better)
        # A transcript that is the reference is perfect, but for a probability of 0.9 for words that are all right.
        best = {"lower": 0.0, "higher": 1.0}[one.metric.better]
        expected = {"ece": 0.1, "brier": 0.01, "rouge2": 1.0}.get(one.metric.name, best)
        assert one.value is None or one.value == pytest.approx(expected), one.metric.name
