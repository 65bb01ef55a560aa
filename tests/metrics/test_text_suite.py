"""The suite text: chapters, summary and action items, with exact components."""

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some
from nltk.metrics.segmentation import pk, windowdiff

from modellab.datasets.reference import Reference, ReferenceAction, ReferenceChapter, ReferenceUtterance
from modellab.metrics.actions import Action, action_scores, paired
from modellab.metrics.rouge import rouge_scores, scorer_class
from modellab.metrics.score import Score
from modellab.metrics.segmentation import boundary_f1, window_scores
from modellab.metrics.suites.text import METRICS, scores
from modellab.surfaces.results import Segment, Transcript, Utterance
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence, Line, Summary


def evidence(start_s: float, end_s: float, speaker: str | None = None) -> Evidence:
    return Evidence(start_s, end_s, speaker, 0, 1, "words")


def chapters(*starts_s: float) -> Chapters:
    return Chapters([Chapter("t", at, at + 1, 0, 1, evidence(at, at + 1)) for at in starts_s], "extractive")


def chaptered(*starts_s: float) -> Reference:
    return Reference("en", chapters=[ReferenceChapter(at) for at in starts_s])


def by_name(found: list[Score]) -> dict[str, Score]:
    assert [one.metric.name for one in found] == [name for name in METRICS if name in {s.metric.name for s in found}]
    return {one.metric.name: one for one in found}


def test_chapters_are_compared_second_by_second() -> None:
    found = by_name(scores(chaptered(0.0, 10.4, 20.0), Transcript([], 30.0), chapters(0.0, 12.0, 26.0)))
    # Windows of 5 s, 26 of them. Boundaries at 10 and 20 s, found at 12 and 26 s: one holds one of a pair alone
    # where it begins at 6, 7 (10 alone), 11, 12 (12 alone), 16 to 20 (20 alone), 22 to 25 (26 alone).
    assert found["pk"].components == {"wrong": 13, "windows": 26}
    assert found["windowdiff"].components == {"wrong": 13, "windows": 26}
    assert found["boundary_f1"].components == {"matched": 1, "reference": 2, "found": 2}


def test_a_recording_of_one_chapter_and_one_of_no_length() -> None:
    found = by_name(scores(chaptered(0.0), Transcript([], 20.0), chapters(0.0)))
    assert found["pk"].value == 0.0 and found["boundary_f1"].value is None
    found = by_name(scores(chaptered(), Transcript([], 0.0), chapters()))
    assert found["pk"].components == {"wrong": 0, "windows": 0}


def test_chapters_without_a_time_have_failed() -> None:
    found = scores(chaptered(0.0), Transcript([], 20.0), chapters(0.0, float("nan")))
    assert [one.error is not None for one in found] == [True] * 3


@given(some.integers(1, 60), some.data())
def test_windows_are_what_nltk_gives(units: int, data: some.DataObject) -> None:
    reference, found = (data.draw(some.sets(some.integers(1, max(1, units - 1)), max_size=8)) for _ in range(2))
    rows = ["".join("1" if place in side else "0" for place in range(units)) for side in (reference, found)]
    window = max(2, round(units / (2 * (len(reference) + 1))))
    one, other = window_scores(reference, found, units, "a sentence")
    if units < window:
        assert one.value is None and other.value is None
    else:
        assert one.value == pytest.approx(pk(*rows, k=window), abs=1e-9)
        assert other.value == pytest.approx(windowdiff(*rows, window), abs=1e-9)


TIMES = some.lists(some.integers(0, 40).map(float), max_size=5, unique=True)


@given(TIMES, TIMES)
def test_as_many_boundaries_are_paired_as_can_be(reference_s: list[float], found_s: list[float]) -> None:
    def most(left: list[float], free: list[float]) -> int:
        if not left:
            return 0
        options = [most(left[1:], [one for one in free if one != at]) + 1 for at in free if abs(at - left[0]) <= 5.0]
        return max([most(left[1:], free), *options])

    assert boundary_f1(reference_s, found_s)["matched"] == most(reference_s, found_s)


TEXTS = some.lists(some.sampled_from(["the", "cats", "running", "runs", "a", "Über", "cat's", "."]), max_size=12).map(
    " ".join
)


@given(TEXTS, TEXTS)
def test_rouge_is_rouge_scores(reference: str, summary: str) -> None:
    theirs = scorer_class()(["rouge1", "rouge2", "rougeL"], use_stemmer=True).score(reference, summary)
    for score, kind in zip(rouge_scores(reference, summary, "en-GB"), theirs, strict=True):
        assert score.value == pytest.approx(theirs[kind].fmeasure, abs=1e-9)
        assert score["recall"] == pytest.approx(theirs[kind].recall, abs=1e-9)


def test_a_summary_in_another_script_has_words_and_recordings_weigh_the_same() -> None:
    def summary(text: str) -> Summary:
        return Summary([Line(part, [evidence(0, 1)]) for part in text.split("|")], [], "extractive")

    found = by_name(scores(Reference("zh", summary="你好世界"), Transcript([], 1.0), summary=summary("你好|世人")))
    assert found["rouge1"].value == 0.75 and found["rouge2"].value == pytest.approx(2 / 3)
    other = by_name(scores(Reference("zh", summary="你"), Transcript([], 1.0), summary=summary("你")))
    assert (found["rouge1"] + other["rouge1"]).value == 0.875
    french = by_name(
        scores(Reference("fr", summary="l'été à Évry"), Transcript([], 1.0), summary=summary("été à Évry"))
    )
    assert french["rouge1"].value == pytest.approx(2 * 3 / 7)


def items(*given: ActionItem) -> ActionItems:
    return ActionItems(list(given), "rules")


def test_action_items_are_found_by_their_evidence_and_assignees_by_name_or_by_who_speaks() -> None:
    reference = Reference(
        "en",
        utterances=[ReferenceUtterance(0.0, 10.0, "Ann", "..."), ReferenceUtterance(10.0, 20.0, "Ben", "...")],
        actions=[
            ReferenceAction("Send the report", "ann", "2026-03-12", 2.0, 4.0),
            ReferenceAction("Call the bank", "Ben", None, 12.0, 14.0),
            ReferenceAction("Book a room for Friday", None, None),
            ReferenceAction("Never found", "Ben", None, 18.0, 19.0),
        ],
    )
    transcript = Transcript(
        [Utterance(0.0, 9.0, "x", speaker="SPEAKER_01"), Utterance(10.0, 20.0, "x", speaker="SPEAKER_00")], 20.0
    )
    found = items(
        ActionItem("Something else", "SPEAKER_01", "SPEAKER_01", None, date(2026, 3, 12), [evidence(3.0, 5.0)]),
        ActionItem("Call the bank", "Ann", None, "soon", date(2026, 3, 13), [evidence(11.0, 13.0)]),
        ActionItem("Call the bank", "Ben", None, None, None, [evidence(13.5, 15.0)]),
        ActionItem("Book the room for Friday", None, None, None, None, [evidence(9.0, 9.5)]),
    )
    counts = by_name(scores(reference, transcript, action_items=found))
    assert counts["action_f1"].components == {"matched": 3, "labelled": 4, "found": 4}
    assert (counts["action_precision"].value, counts["action_recall"].value) == (0.75, 0.75)
    # The report is SPEAKER_01's, who is Ann; the bank went to the item with more time in common, which says Ann.
    assert counts["assignee_accuracy"].components == {"right": 2, "matched": 3}
    assert counts["due_date_accuracy"].components == {"right": 2, "matched": 3}


def test_without_any_item_on_one_side_or_both() -> None:
    one = ReferenceAction("Call the bank", "Ben", None, 1.0, 2.0)
    item = ActionItem("Call the bank", "Ben", None, None, None, [evidence(1.0, 2.0)])
    for labelled, found, expected in (
        ([], items(item), (0, 0, 1)),
        ([one], items(), (0, 1, 0)),
        ([], items(), (0, 0, 0)),
    ):
        counts = by_name(scores(Reference("en", actions=labelled), Transcript([], 3.0), action_items=found))
        assert tuple(counts["action_f1"][name] for name in ("matched", "labelled", "found")) == expected
        assert counts["assignee_accuracy"].value is None


SPANS = some.tuples(some.integers(0, 12), some.integers(1, 4)).map(lambda one: Segment(one[0], one[0] + one[1]))
ACTIONS = some.lists(SPANS.map(lambda span: Action("task", frozenset(), None, (span,))), max_size=4)


@given(ACTIONS, ACTIONS)
def test_as_many_items_are_paired_as_can_be(labelled: list[Action], found: list[Action]) -> None:
    def overlap(one: Action, other: Action) -> bool:
        return min(one.spans[0].end_s, other.spans[0].end_s) > max(one.spans[0].start_s, other.spans[0].start_s)

    def most(left: list[Action], free: list[int]) -> int:
        if not left:
            return 0
        options = [
            most(left[1:], [one for one in free if one != place]) + 1
            for place in free
            if overlap(left[0], found[place])
        ]
        return max([most(left[1:], free), *options])

    pairs = paired(labelled, found)
    assert len(pairs) == most(labelled, list(range(len(found))))
    assert all(overlap(labelled[one], found[other]) for one, other in pairs)
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)
    assert action_scores(labelled, found)[0]["found"] == len(found)


def test_two_items_that_barely_fit_are_more_than_one_that_fits_well() -> None:
    def action(task: str, start_s: float, end_s: float) -> Action:
        return Action(task, frozenset(), None, (Segment(start_s, end_s),))

    labelled = [action("call the bank", 10.0, 20.0), action("write", 0.0, 10.1)]
    found = [action("call the bank", 10.0, 20.0), action("read", 19.9, 30.0)]
    assert sorted(paired(labelled, found)) == [(0, 1), (1, 0)]
    assert paired(labelled[:1], found) == [(0, 0)]


def test_what_the_reference_does_not_know_has_no_score() -> None:
    everything = (chapters(0.0), Summary([], [], "extractive"), items())
    assert scores(Reference("en"), Transcript([], 1.0), *everything) == []
    assert scores(chaptered(0.0), Transcript([], 1.0)) == []


def test_what_rouge_score_brings_closes_no_stream_of_others() -> None:
    code = (
        "import io, logging, sys\n"
        "from modellab.metrics.rouge import scorer_class\n"
        "theirs, sys.stderr = sys.stderr, io.StringIO()\n"
        "mine = sys.stderr\n"
        "scorer_class()\n"
        "sys.stderr = theirs\n"
        "logging.shutdown()\n"
        "assert not mine.closed\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
