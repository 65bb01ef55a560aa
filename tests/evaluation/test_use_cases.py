"""Use cases from files: what is shipped holds, and what is wrong with one is said at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.datasets.catalogue import Catalogue
from modellab.errors import UnknownName, UseCaseError
from modellab.evaluation.use_cases import Criterion, UseCases, read_use_case
from modellab.settings import Lab

GOOD: dict[str, Any] = {
    "id": "mine",
    "title": "Mine",
    "description": "What I want.",
    "surfaces": ["asr"],
    "score": [{"metric": "wer", "dataset": "asr_smoke_v1", "weight": 1, "best": 0, "worst": 0.5}],
}


@pytest.fixture
def write(lab: Lab) -> Callable[..., Path]:
    """Writes a use case of the user's; what is given replaces what is in `GOOD`."""

    def written(name: str = "mine", **changes: Any) -> Path:
        lab.use_cases.mkdir(parents=True, exist_ok=True)
        place = lab.use_cases / f"{name}.yaml"
        place.write_text(yaml.safe_dump({**GOOD, "id": name, **changes}))
        return place

    return written


def test_the_shipped_ones_are_valid_and_rest_on_shipped_datasets_with_their_slices(lab: Lab) -> None:
    known = UseCases(lab)
    assert known.broken() == []
    assert [one.id for one in known.all()] == ["laptop_meeting_notes", "live_caption_vad", "noisy_phone_calls"]
    for use_case in known.all():
        for one in use_case.score:
            cases = Catalogue(lab).get(one.dataset).manifest.cases
            assert [case for case in cases if one.where.items() <= case.tags.items()], one.name


def test_ones_own_are_there_and_a_taken_id_is_named(lab: Lab, write: Callable[..., Path]) -> None:
    write()
    taken = write("live_caption_vad")
    known = UseCases(lab)
    assert known.get("mine").datasets == ["asr_smoke_v1"]
    assert known.get("live_caption_vad").surfaces == ["vad"]
    [broken] = known.broken()
    assert (broken.file, str(broken.error).partition(";")[0]) == (taken, "the use case id 'live_caption_vad' is taken")
    with pytest.raises(UnknownName, match="Did you mean mine"):
        known.get("mein")


SPEED = {"metric": "speed", "dataset": "asr_smoke_v1", "weight": 0.5, "best": 10, "worst": 1}
HALF = {**GOOD["score"][0], "weight": 0.5}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"surfaces": ["hearing"]}, "unknown surfaces ['hearing']"),
        ({"score": [HALF]}, "weights add up to 0.5, and should to 1"),
        ({"score": [HALF, HALF]}, "wer of asr_smoke_v1 is there twice"),
        ({"score": [{**SPEED, "weight": 1}]}, "speed alone says nothing"),
        ({"score": [HALF, {**SPEED, "best": 0.5}]}, "score.1: of speed more is better"),
        ({"score": [{**GOOD["score"][0], "scale": "log"}]}, "score.0: on a scale of ratios best and worst are above 0"),
        ({"score": [{**GOOD["score"][0], "worst": 0}]}, "best and worst are the same figure"),
        ({"score": [{**GOOD["score"][0], "metric": "werr"}]}, "Did you mean wer"),
        ({"score": [{**GOOD["score"][0], "metric": "eer"}]}, "eer is of a whole corpus: no recording has a part of it"),
        ({"constraints": {"min_speed": 2}}, "min_speed asks for speed, and nothing in score says"),
        ({"constraints": {"colour": "red"}}, "constraints.colour: Extra inputs are not permitted"),
        ({"id": "other"}, "names another use case than its name; found other; allowed: mine"),
    ],
)
def test_what_is_wrong_is_named(write: Callable[..., Path], changes: dict[str, Any], said: str) -> None:
    place = write()
    place.write_text(yaml.safe_dump({**GOOD, **changes}))
    with pytest.raises(UseCaseError) as found:
        read_use_case(place)
    assert said in str(found.value)


def test_worth_lies_between_worst_and_best_and_by_ratios_on_a_log_scale() -> None:
    wer = Criterion(metric="wer", dataset="d", weight=1, best=0.1, worst=0.5)
    assert [wer.worth(figure) for figure in (0.0, 0.1, 0.3, 0.5, 2.0)] == pytest.approx([1, 1, 0.5, 0, 0])
    speed = Criterion(metric="speed", dataset="d", weight=1, best=100, worst=1, scale="log")
    assert [speed.worth(figure) for figure in (0.5, 1, 10, 100, float("inf"))] == pytest.approx([0, 0, 0.5, 1, 1])
    assert Criterion(metric="wer", dataset="d", weight=1, best=0.1, worst=1, scale="log").worth(0.0) == 1.0
