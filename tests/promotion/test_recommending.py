"""What is recommended of candidates made by hand, and what is said of it."""

from datetime import UTC, datetime
from typing import Any

from modellab.promotion.ledger import Decision
from modellab.promotion.recommending import Recommendation, choose

TINY, BASE, SMALL = (f"faster_whisper:{variant}" for variant in ("tiny.en", "base", "small"))
GOOD, BAD = [0, 1, 0, 1, 0, 1, 0, 1], [4, 5, 4, 5, 4, 5, 4, 5]
EVEN, ODD = [0, 3, 1, 2, 0, 3, 1, 2], [2, 1, 3, 0, 2, 1, 3, 1]


def in_use(system: str) -> Decision:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    return Decision("e", "promoted", "mine", system, None, system, "why", {}, "me", at)


def chosen(field: Any, present: Decision | None = None, without: str | None = None) -> Recommendation:
    here = [one for one in field.of("ranked") if one.system != without]
    return choose(field, here, present, ((without, "no weights"),) if without else ())


def test_who_is_ahead_is_named_and_whoever_was_not_measured_is_listed(made: Any) -> None:
    found = chosen(made({TINY: BAD, BASE: GOOD}, systems=(TINY, BASE, SMALL)), in_use(TINY))
    assert found.chosen is not None and (found.chosen.system, found.tied) == (BASE, ())
    assert found.because == f"ahead of {TINY} on cpu, even at the unfavourable ends of all intervals"
    assert found.unknown == [(SMALL, "not measured")]
    assert not found.is_in_use


def test_of_a_tie_the_one_in_use_is_named_else_the_one_with_the_higher_score(made: Any) -> None:
    field = made({TINY: EVEN, BASE: ODD})
    by_score, used = chosen(field), chosen(field, in_use(BASE))
    assert by_score.chosen is not None and by_score.chosen.system == TINY
    assert by_score.because == f"a tie: it can't be told from {BASE}; it is named because its score is the highest"
    assert used.chosen is not None and (used.chosen.system, used.tied[0].system) == (BASE, TINY)
    assert used.because.endswith("it is named because it is in use, and nobody is surely better")
    assert by_score.more_cases == used.more_cases and (by_score.more_cases or 0) > 0


def test_who_can_not_run_here_is_not_recommended_but_named(made: Any) -> None:
    field = made({TINY: BAD, BASE: GOOD})
    found = chosen(field, without=BASE)
    assert found.chosen is not None and found.chosen.system == TINY
    assert found.document()["not_here"] == [{"system": BASE, "why": "no weights"}]
    nobody = choose(field, [], None, ((TINY, "no weights"), (BASE, "no weights")))
    assert (nobody.chosen, nobody.because) == (None, "who has evidence can't run here")


def test_the_only_one_is_not_called_the_best_and_those_ruled_out_are_said(made: Any) -> None:
    found = chosen(made({TINY: GOOD, BASE: GOOD}, {TINY: 1.0, BASE: 9.0}, min_speed=5))
    assert found.because.startswith("the only one with evidence that meets every constraint")
    assert found.ruled_out == [(f"{BASE} on cpu", "min_speed: 1.11 times real time, at least 5 wanted")]
    nothing = chosen(made({}))
    assert (nothing.chosen, nothing.because) == (None, "nothing was measured that allows a recommendation")
