"""Fields of candidates made by hand: eight calls, half of them in the street, ten words each."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from modellab.evaluation.candidates import candidates
from modellab.evaluation.contenders import Field
from modellab.evaluation.evidence import REAL_TIME_FACTOR, Contestant, Evidence, Measured
from modellab.evaluation.outcomes import Measure
from modellab.evaluation.use_cases import Criterion, UseCase
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.statistics.cases import Amounts, Case

WER = Measure("asr", "wer", "ratio", "lower", "whisper_english-1", "2")
TINY, BASE, SMALL = (f"faster_whisper:{variant}" for variant in ("tiny.en", "base", "small"))
SCORE = [
    Criterion(metric="wer", dataset="calls", weight=0.75, best=0.0, worst=0.5),
    Criterion(metric="speed", dataset="calls", weight=0.25, best=10, worst=1, scale="log"),
]


def cases(amounts: Sequence[float], of: float = 10.0) -> list[Case]:
    noise = ("street", "none")
    return [Case(f"c{n}", Amounts(one, of), None, {"noise": noise[n % 2]}) for n, one in enumerate(amounts)]


def field_of(
    errors: Mapping[str, Sequence[float]],
    seconds: Mapping[str, float] | None = None,
    systems: Sequence[str] = (TINY, BASE),
    margin: float = 0.02,
    **constraints: Any,
) -> Field:
    """Systems with so many errors in each case, and so many seconds of inference for ten of sound."""
    seconds = seconds or dict.fromkeys(errors, 1.0)
    case = UseCase.model_validate(
        {"id": "mine", "title": "Mine", "description": "d", "surfaces": ["asr"], "score": SCORE, "margin": margin}
        | {"constraints": constraints}
    )
    words = {Contestant(system, "cpu"): cases(those) for system, those in errors.items()}
    times = {Contestant(system, "cpu"): cases([seconds[system]] * len(those)) for system, those in errors.items()}
    most = max(map(len, errors.values()), default=0)
    found = Evidence(
        {
            SCORE[0].name: Measured(WER, words, most) if words else None,
            SCORE[1].name: Measured(REAL_TIME_FACTOR, times, most) if times else None,
        },
        sorted(words),
        {},
        0,
    )
    registry = ModelRegistry()
    resolved = {key: resolve_system(key, registry) for key in systems}
    return Field(case, candidates(case, found, resolved, registry, unavailable={}), {}, found)


@pytest.fixture
def made() -> Any:
    """`made(errors, seconds, ...)`: a field."""
    return field_of
