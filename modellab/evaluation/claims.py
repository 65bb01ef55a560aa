"""What makers state of their models, held against what was measured: only where both speak of the same."""

import re
from dataclasses import dataclass
from typing import Literal

from modellab.evaluation.outcomes import Measure
from modellab.evaluation.standing import Figure

ClaimVerdict = Literal["contradicted", "not contradicted", "not comparable"]

_VERSION = re.compile(r"[-_ ]v?\d+(\.\d+)*$")
"""At the end of a protocol's or a dataset's name: of the library that does it, of the manifest."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure that a model's makers state."""

    model_id: str
    variant: str | None
    """None: of all variants."""
    metric: str
    dataset: str
    protocol: str
    value: float
    unit: str
    stated_in: str

    def is_about(self, model: str) -> bool:
        """Whether it speaks of a model, `id:variant`."""
        name, _, variant = model.partition(":")
        return name == self.model_id and self.variant in (None, variant)


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim beside a figure that was measured."""

    verdict: ClaimVerdict
    value: float | None
    """What is claimed, in the unit of the measured figure; None where that can't be said."""
    reason: str


def judged(claim: Claim, dataset: str, figure: Figure) -> Judged:
    """Whether a figure contradicts a claim of the same metric: it does where the claim is outside its 95 % interval.

    They are comparable where dataset and protocol are the same by name: makers write `LibriSpeech test-clean` and
    `Whisper's English text normaliser`, the lab `librispeech_test_clean` and `whisper_english-0.1.12`. What else makers
    say of how they measured (decoding, hardware) is not looked at.
    """
    measure, found = figure.measure, figure.interval
    value = in_unit(claim, measure)
    reasons = [
        *([] if _plain(claim.dataset) == _plain(dataset) else [f"another dataset ({claim.dataset})"]),
        *([] if _words(measure.protocol) <= _words(claim.protocol) else [f"another protocol ({claim.protocol})"]),
        *([] if value is not None else [f"another unit ({claim.unit})"]),
    ]
    if reasons:
        return Judged("not comparable", value, "; ".join(reasons))
    if found.value is None or found.low is None or found.high is None:
        return Judged("not comparable", value, "too few recordings for an interval")
    assert value is not None
    if found.low <= value <= found.high:
        return Judged("not contradicted", value, "it is inside the interval")
    is_better = (found.value < value) == (measure.better == "lower")
    return Judged("contradicted", value, f"it was measured {'better' if is_better else 'worse'} than claimed")


def in_unit(claim: Claim, measure: Measure) -> float | None:
    """A claimed figure in the unit of a measure."""
    if claim.unit == measure.unit:
        return claim.value
    return claim.value / 100 if (claim.unit, measure.unit) == ("%", "ratio") else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", _VERSION.sub("", name.casefold()))


def _words(protocol: str) -> set[str]:
    """Words of a protocol, without the version at its end."""
    return set(re.findall(r"[a-z0-9.]+", _VERSION.sub("", protocol.casefold())))
