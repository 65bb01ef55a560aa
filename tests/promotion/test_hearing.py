"""What evidence allows and what it does not, from evidence made by hand."""

from typing import Any

import pytest

from modellab.evaluation.contenders import Field
from modellab.promotion.hearing import Hearing, hear

TINY, BASE, SMALL = (f"faster_whisper:{variant}" for variant in ("tiny.en", "base", "small"))
GOOD, BAD = [0, 1, 0, 1, 0, 1, 0, 1], [4, 5, 4, 5, 4, 5, 4, 5]


def heard(found: Field, system: str = BASE, current: str | None = TINY, missing: str | None = None) -> Hearing:
    return hear(found, system, current, tolerance=lambda measure, figure: 0.01, missing=missing)


def test_the_first_needs_to_be_measured_and_nothing_else(made: Any) -> None:
    found = heard(made({TINY: GOOD, BASE: BAD}), current=None)
    assert (found.verdict, found.objections, found.score_low) == ("the first", (), None)
    assert found.said == "nothing was promoted before; rank 2 of 2 with evidence"
    assert heard(made({TINY: GOOD}), current=None).objections == (
        *("wer of calls: not measured", "speed of calls: not measured"),
    )


def test_who_is_surely_better_takes_the_place_and_who_is_surely_worse_does_not(made: Any) -> None:
    found = made({TINY: BAD, BASE: GOOD})
    better, worse = heard(found), heard(found, TINY, BASE)
    assert (better.verdict, better.objections) == ("better", ())
    # 0.45 of all words wrong and 0.05: 0.8 of what lies between best and worst, of 0.75 the weight.
    assert better.score_low is not None and better.score_high is not None
    assert 0 < better.score_low <= 0.6 + 1e-9 and better.score_high >= 0.6 - 1e-9
    assert better.said.startswith(f"better than {TINY}: by the score between +0.6")
    assert worse.verdict == "refused"
    assert worse.score_low == pytest.approx(-better.score_high) and worse.score_high == pytest.approx(-better.score_low)
    assert worse.objections[0].startswith(f"by the score it is worse than {BASE}: by 0.6")


def test_what_can_not_be_told_is_no_evidence(made: Any) -> None:
    found = heard(made({TINY: [0, 3, 1, 2, 0, 3, 1, 2], BASE: [2, 1, 3, 0, 2, 1, 3, 1]}))
    [objection] = found.objections
    assert objection.startswith(f"it can't be told that it is not worse than {TINY}: by the score between -0.")
    assert objection.endswith("and more than 0.02 lower is too much")
    assert found.more_cases is not None and found.more_cases > 0
    # One whose use case allows it is as good.
    wide = made({TINY: [0, 3, 1, 2, 0, 3, 1, 2], BASE: [2, 1, 3, 0, 2, 1, 3, 1]}, margin=0.9)
    assert (heard(wide).verdict, heard(wide).objections) == ("not worse", ())


def test_the_same_words_in_less_time_are_better_and_in_the_same_not_worse(made: Any) -> None:
    same = heard(made({TINY: GOOD, BASE: GOOD}))
    assert (same.verdict, same.score_low, same.score_high) == ("not worse", 0.0, 0.0)
    faster = heard(made({TINY: GOOD, BASE: GOOD}, {TINY: 3.0, BASE: 1.0}))
    assert faster.verdict == "better"
    assert faster.weighed[1].sentence == "speed of calls: 10.0x against 3.3x, n = 8 recordings"


def test_a_slice_that_is_surely_worse_counts_though_all_of_it_is_better(made: Any) -> None:
    # Of 24 recordings the quiet half gains nine errors each and the street loses two.
    tiny, base = [1, 9] * 12, [3, 0] * 12
    found = heard(made({TINY: tiny, BASE: base}))
    assert found.score_low is not None and found.score_low > 0
    assert found.verdict == "refused"
    [objection] = found.objections
    assert objection.startswith(f"wer is worse than that of {TINY} where noise=street: +20.0 points")
    slice_ = found.weighed[0].worst_against
    assert slice_ is not None and (slice_.tag, slice_.value) == ("noise", "street")
    # Within the tolerance it does not.
    assert hear(found.field, BASE, TINY, tolerance=lambda *_: 0.25, missing=None).objections == ()


def test_constraints_and_this_machine_have_a_say(made: Any) -> None:
    found = made({TINY: BAD, BASE: GOOD}, min_speed=20)
    assert heard(found).objections[0] == "min_speed: 10 times real time, at least 20 wanted"
    here = heard(made({TINY: BAD, BASE: GOOD}), missing="asr: no weights")
    assert here.objections == ("it can't run here: asr: no weights",)


def test_a_present_one_that_was_not_measured_can_not_be_compared(made: Any) -> None:
    unmeasured = heard(made({BASE: GOOD}), current=SMALL)
    assert unmeasured.objections == (f"{SMALL}, which is promoted now, can't be compared: it is no candidate any more",)
    partly = heard(made({TINY: GOOD[:5], BASE: GOOD}))
    assert partly.objections == (
        f"{TINY}, which is promoted now, can't be compared: wer of calls: 5 of 8 cases measured; "
        "speed of calls: 5 of 8 cases measured",
    )


def test_a_present_one_that_is_ruled_out_by_now_is_compared_all_the_same(made: Any) -> None:
    found = heard(made({TINY: BAD, BASE: GOOD}, {TINY: 9.0, BASE: 1.0}, min_speed=5))
    assert (found.verdict, found.objections) == ("better", ())


def test_the_present_one_again_is_newer_evidence(made: Any) -> None:
    found = heard(made({TINY: BAD, BASE: GOOD}), BASE, BASE)
    assert (found.verdict, found.rival, found.score_low) == ("confirmed", None, None)
