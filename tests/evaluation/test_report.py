"""The parts of a report: who leads, what is drawn where, what is said in words. Exact, by hand."""

import math
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.report import cautions, lanes, plain
from modellab.evaluation.report.chart import HEIGHT, WIDTH, chart, pareto
from modellab.evaluation.report.clips import CLIP_S, Clip, middle_of_most
from modellab.evaluation.report.content import Report, Slice, without_speed
from modellab.evaluation.report.facts import DatasetFacts
from modellab.evaluation.report.flagged import Flagged
from modellab.evaluation.report.pace import Pace
from modellab.evaluation.report.page import render_html, render_markdown
from modellab.evaluation.report.verdict import verdict, wary
from modellab.evaluation.report.worst import CaseFigure, WorstCase
from modellab.evaluation.standing import Standing, standing
from modellab.metrics.side_by_side import ErrorStretch
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.intervals import Interval, interval
from modellab.surfaces.results import Segment

WER = Measure("asr", "wer", "ratio", "lower", "whisper_english-1", "2+jiwer-4")
CER = Measure("asr", "cer", "ratio", "lower", "whisper_english-1", "2+jiwer-4")
PESQ = Measure("enhance", "pesq", "MOS", "higher", "wideband", "1")
GOOD, BAD = (1, 1, 0, 1, 2, 1, 0, 1), (4, 5, 4, 6, 5, 4, 5, 4)


def cases(*errors: float | None) -> list[Case]:
    """A case of ten words for each number of errors."""
    return [
        Case(f"c{number}", None if e is None else Amounts(e, 10.0), tags={"noise": "street" if number % 2 else "none"})
        for number, e in enumerate(errors)
    ]


def stands(measure: Measure = WER, **systems: tuple[float | None, ...]) -> Standing:
    found = {measure: {system: cases(*errors) for system, errors in systems.items()}}
    return standing(Outcomes("calls", "1", 8, found, {}, {system: ["m1"] for system in systems}), list(systems))


def pace(*seconds: float) -> Pace:
    """Seconds of inference for ten seconds of sound each."""
    found = interval([Case(f"c{n}", Amounts(each, 10.0)) for n, each in enumerate(seconds)], unit="s")
    return Pace(found, ("cpu",), (2,), 0)


def test_the_best_is_named_with_whom_it_beats_and_whom_it_does_not() -> None:
    found = stands(bad=BAD, good=GOOD)
    figure = found.systems[1].figure("wer")
    assert figure is not None
    said = plain.told(figure)
    assert said.startswith("8.8 % (")
    assert verdict(found, {}) == [f"good has the lowest word error rate: {said}. It is better than bad."]
    near = (2, 0, 1, 1, 2, 1, 0, 1)
    [tie] = verdict(stands(one=GOOD, near=near), {})
    assert tie.startswith("one has the lowest word error rate: 8.8 % (")
    assert tie.endswith("But these recordings can't tell it from near: no system is shown to be the best.")
    [mixed] = verdict(stands(one=GOOD, near=near, bad=BAD), {})
    assert mixed.endswith("It is better than bad; these recordings can't tell it from near.")
    [same] = verdict(stands(one=GOOD, other=GOOD), {})
    assert same == f"one and other have the same word error rate: {said}."
    [two] = verdict(stands(one=GOOD, other=GOOD, bad=BAD), {})
    assert two == f"one and other have the lowest word error rate: {said}. one is better than bad."
    [alone] = verdict(stands(one=GOOD), {})
    assert alone.endswith("there is no other system to compare it with.")
    [upwards] = verdict(stands(PESQ, low=(1, 1, 1, 1, 1, 1, 1, 1), high=(30, 31, 30, 32, 30, 31, 30, 31)), {})
    assert upwards.startswith("high has the highest speech quality: 3.06 MOS (")
    assert verdict(Standing("d", "1", 2, (), (), hosts_differ=False), {}) == [
        "No system has a result that this dataset judges: there is no verdict."
    ]


def test_speeds_are_told_the_fastest_first() -> None:
    told = verdict(stands(a=GOOD, b=BAD), {"a": pace(20, 20), "b": pace(0.5, 0.5)})
    assert told[-1] == "Speed, in times real time: b 20× and a 0.5×."
    assert verdict(stands(a=GOOD), {"a": pace(4, 4)})[-1] == "a works at 2.5× real time."


def test_what_makes_a_verdict_doubtful_is_said() -> None:
    found = wary(stands(a=(0, None, 0), b=(0, 0, 0)), missing=2)
    assert found == [
        "3 recordings are few: the intervals are wide, and rightly so.",
        "a has no figure of 1 recording (c1): in an error rate they count as all wrong.",
        "No system was put to 2 cases of the dataset.",
    ]


def test_speeds_that_are_left_out_are_named_and_not_warned_of() -> None:
    [said] = wary(stands(a=GOOD * 3), missing=0, with_speed=False)
    assert said == "Speeds and memory are left out, as was asked for: they are no figures where other work ran."
    points = cautions.general(stands(a=GOOD), with_speed=False)
    assert points == cautions.general(stands(a=GOOD))[:-1]
    assert cautions.general(stands(a=GOOD))[-1].startswith("How fast it is elsewhere")


def test_a_metric_that_is_a_speed_is_left_out_with_speeds() -> None:
    rtf = Measure("tts", "rtf", "s/s", "lower", "cpu", "1")
    both = {measure: {"a": cases(*GOOD)} for measure in (WER, rtf)}
    whole = standing(Outcomes("d", "1", 8, both, {}, {"a": []}), ["a"])
    assert [one.measure for one in whole.systems[0].figures] == [WER, rtf]
    assert [one.measure for one in without_speed(whole).systems[0].figures] == [WER]


def test_characters_decide_only_where_no_words_are_counted() -> None:
    both = {measure: {"a": cases(*GOOD)} for measure in (CER, WER)}
    assert standing(Outcomes("d", "1", 8, both, {}, {"a": []}), ["a"]).main_measures == [WER]
    assert standing(Outcomes("d", "1", 8, {CER: both[CER]}, {}, {"a": []}), ["a"]).main_measures == [CER]
    other = replace(CER, protocol="whisper_basic_unspaced-1")
    mixed = {**both, other: {"a": cases(*GOOD)}}
    assert standing(Outcomes("d", "1", 8, mixed, {}, {"a": []}), ["a"]).main_measures == [WER, other]


def test_metrics_of_one_name_are_told_apart_by_step_and_protocol() -> None:
    basic, later = replace(WER, protocol="basic-1"), replace(WER, step="alignment")
    assert list(plain.names_of([WER, PESQ]).values()) == ["word error rate", "speech quality"]
    assert list(plain.names_of([WER, later]).values()) == ["word error rate of asr", "word error rate of alignment"]
    assert list(plain.names_of([WER, basic]).values()) == [
        "word error rate (whisper_english-1)",
        "word error rate (basic-1)",
    ]
    both = {measure: {"a": cases(*GOOD)} for measure in (WER, basic)}
    told = verdict(standing(Outcomes("d", "1", 8, both, {}, {"a": []}), ["a"]), {})
    assert [one.partition(")")[0] for one in told] == [
        "a has a word error rate (basic-1",
        "a has a word error rate (whisper_english-1",
    ]
    assert verdict(stands(WER, a=()), {}) == ["No system has a word error rate: nothing is below the line."]


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=8))
def test_the_front_is_those_that_none_beats(points: list[tuple[int, int]]) -> None:
    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return one[0] >= other[0] and one[1] >= other[1] and (one[0] > other[0] or one[1] > other[1])

    assert pareto(points) == [not any(beats(other, one) for other in points) for one in points]


def test_the_drawing_is_true_to_its_axes() -> None:
    found = stands(slow=GOOD, fast=BAD, worst=BAD)
    speeds = {"slow": pace(5, 6, 4), "fast": pace(0.5, 0.6, 0.4), "worst": pace(2, 2, 2.5)}
    drawn = chart(found, WER, speeds)
    assert drawn is not None
    slow, fast, worst = drawn.spots
    assert [spot.system for spot in drawn.spots if spot.on_front] == ["slow", "fast"]
    assert (slow.speed, fast.speed) == (pytest.approx(2), pytest.approx(20))
    assert (slow.value, slow.number, fast.number) == (7 / 80, 1, 2)
    assert slow.x < worst.x < fast.x and slow.y > fast.y == worst.y
    assert drawn.front == ((slow.x, slow.y), (fast.x, fast.y))
    ticks = {text: x for x, text in drawn.x_ticks}
    assert slow.x == ticks["2×"] and fast.x == ticks["20×"]
    assert ticks["5×"] - ticks["2×"] == pytest.approx((fast.x - slow.x) * math.log10(2.5), abs=0.15)
    heights = {text: y for y, text in drawn.y_ticks}
    assert heights["0 %"] == drawn.frame[3]
    for spot in drawn.spots:
        assert spot.top < spot.y < spot.bottom and spot.left < spot.x < spot.right
        assert 0 < spot.label_x < WIDTH and 0 < spot.label_y < HEIGHT
    near = [
        (abs(a.label_x - b.label_x), abs(a.label_y - b.label_y)) for a, b in product(drawn.spots, repeat=2) if a != b
    ]
    assert all(max(one) >= 14 for one in near)


def test_nothing_is_drawn_without_a_speed_and_one_system_without_errors_is() -> None:
    assert chart(stands(a=GOOD), WER, {}) is None
    drawn = chart(stands(a=(0, 0, 0)), WER, {"a": pace(1, 1)})
    assert drawn is not None and drawn.spots[0].value == 0 and drawn.spots[0].y == drawn.frame[3]


def test_a_limit_far_away_is_cut_off_at_the_edge() -> None:
    drawn = chart(stands(a=(1, 1)), WER, {"a": pace(0.001, 1.0)})
    assert drawn is not None
    [spot] = drawn.spots
    assert (spot.left, spot.right) == (drawn.frame[0], drawn.frame[2])
    assert drawn.frame[0] < spot.x < drawn.frame[2]
    assert [text for _, text in drawn.x_ticks] == ["5×", "10×", "20×", "50×"]


@given(st.floats(1e-4, 1e4), st.floats(1, 1e3))
def test_the_scale_can_always_be_read(seconds: float, times: float) -> None:
    speeds = {"a": pace(seconds, seconds), "b": pace(seconds * times, seconds * times)}
    drawn = chart(stands(a=(0, 1), b=(1, 1)), WER, speeds)
    assert drawn is not None
    places = [x for x, _ in drawn.x_ticks]
    assert 2 <= len(places) <= 8 and places == sorted(set(places))
    assert drawn.frame[0] <= places[0] and places[-1] <= drawn.frame[2]
    assert len({text for _, text in drawn.x_ticks}) == len(places)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0.0531, "ratio", "5.3 %"), (None, "ratio", "–"), (1.4, "ratio", "140.0 %"), (2.712, "dB", "2.71 dB")],
)
def test_amounts_in_words(value: float | None, unit: str, said: str) -> None:
    assert plain.amount(value, unit) == said


def test_limits_in_words() -> None:
    def of(low: float | None, high: float | None, unit: str = "ratio") -> str:
        return plain.limits(Interval(0.1, low, high, 3, 3, 0, 1, 10, "t"), unit)

    assert of(0.031, 0.0801) == "3.1 to 8.0 %"
    assert of(0.0, 1.7) == "0.0 to over 100 %"
    assert of(None, None) == ""
    assert of(1.234, 2.0, "dB") == "1.23 to 2"


def test_what_not_to_conclude_is_what_the_metrics_page_says() -> None:
    points = cautions.of_metric("wer")
    assert (
        points[0]
        == "That an error matters: a wrong name weighs as much as a wrong article. See match for the other extreme."
    )
    assert len(points) == 5
    assert cautions.of_metric("no_such_metric") == ()


def test_a_clip_is_where_most_errors_can_be_heard() -> None:
    assert middle_of_most([]) is None
    assert middle_of_most([(3.0, 4.0, 1.0)]) == 3.5
    assert middle_of_most([(0.0, 1.0, 2.0), (60.0, 61.0, 1.0), (60.0 + CLIP_S - 2, 60.0 + CLIP_S, 2.0)]) == 70.0


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=y>|`a`\n# b"


def hostile(sound: str = "data:audio/mpeg;base64,AA==") -> Report:
    """A report in which everything that comes from outside wants to be markup."""
    found = stands(**{HOSTILE: GOOD, "b": BAD})
    facts = DatasetFacts(HOSTILE, HOSTILE, HOSTILE, HOSTILE, [HOSTILE], 8, 80.0)
    figures = (CaseFigure(HOSTILE, 0.5, 1, 2, None), CaseFigure("b", None, None, None, HOSTILE))
    stretch = ErrorStretch(HOSTILE, HOSTILE, HOSTILE, (HOSTILE, ""), (1, 1), Segment(1.0, 2.0))
    said = {HOSTILE: [Segment(1.0, 2.0)]}
    case = WorstCase(
        HOSTILE,
        {HOSTILE: HOSTILE},
        figures,
        (HOSTILE, "b"),
        (stretch,),
        3,
        lanes.drawn(said, {HOSTILE: said}, 0.0, 20.0),
        Clip(0, 20, sound),
        None,
    )
    made = {
        **{"system": HOSTILE, "step": HOSTILE, "model": HOSTILE, "weights_sha256": HOSTILE, "runtime": HOSTILE},
        **{"runtime_version": HOSTILE, "device": HOSTILE, "compute_type": HOSTILE, "code_version": HOSTILE},
        **{"modellab_version": HOSTILE, "threads": [2], "results": 8},
    }
    host = {"machine": HOSTILE, "platform": HOSTILE, "cpu": HOSTILE, "gpus": [HOSTILE], "blas": [HOSTILE]}
    example = {"case_id": HOSTILE, "kind": "loop", "start_s": 1.0, "text": HOSTILE, "why": HOSTILE}
    speeds = {HOSTILE: pace(1, 1), "b": pace(2, 2)}
    drawn = chart(found, WER, speeds)
    assert drawn is not None
    return Report(
        facts,
        "2026-11-30T10:00:00+00:00",
        found,
        [WER],
        verdict(found, speeds),
        [HOSTILE],
        speeds,
        {},
        [drawn],
        [(WER, [Slice(HOSTILE, HOSTILE, 4, {})])],
        (WER, [case]),
        [Flagged(HOSTILE, 8, 1, {HOSTILE: 1}, [example])],
        [made],
        [host],
        cautions.general(found),
        {"wer": cautions.of_metric("wer")},
        True,
        HOSTILE,
    )


class Page(HTMLParser):
    """Elements that are there, their attributes, and whether every one is closed in its place."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_nothing_from_outside_becomes_markup_and_nothing_asks_the_network() -> None:
    page = Page(render_html(hostile()))
    assert (page.wrong, page.open) == ([], [])
    assert not {"script", "img", "iframe", "link", "object"} & {tag for tag, _ in page.elements}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("href", "src"):
            if (address := attributes.get(name)) is not None:
                assert address.startswith(("#", "data:audio/mpeg;base64,"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = {name for _, one in page.elements for name in (one.get("aria-labelledby") or "").split()}
    assert named <= set(ids)


@pytest.mark.parametrize("with_speed", [True, False])
def test_markdown_keeps_its_tables_and_lines_whatever_names_say(*, with_speed: bool) -> None:
    lines = render_markdown(replace(hostile(), with_speed=with_speed)).splitlines()
    assert not [line for line in lines if "<script" in line.replace("\\<", "") or line.startswith("# b")]
    rows = [line for line in lines if line.startswith("|")]
    for above, below in pairwise(lines):
        if above.startswith("|") and below.startswith("|"):
            assert above.replace("\\|", "").count("|") == below.replace("\\|", "").count("|")
    assert len(rows) == 4 + 4 * 3
    heads = [at for at, line in enumerate(lines) if line.startswith("|---")]
    assert heads and all(lines[at - 1].startswith("| ") and not lines[at - 2].startswith("|") for at in heads)
