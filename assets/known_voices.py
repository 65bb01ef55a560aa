"""The asset `known_voices`: which speakers are people whose voices are known."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._page import table
from assets._step import step_asset
from modellab.bundle.meeting import display_name
from modellab.steps.definition import Kind
from modellab.steps.known_voices import STEP
from modellab.surfaces.known_voices import KnownVoices
from modellab.surfaces.sounds import SoundVectors
from modellab.units import plural
from resources.engine import StepResult


def _found(result: StepResult) -> KnownVoices:
    return result.artifact.read(KnownVoices)


def page(result: StepResult) -> Mapping[str, Any]:
    """Every speaker, with the name of whoever was recognised, and how near the voices are."""
    found = _found(result)
    by_speaker = {one.speaker: one for one in found.recognised}
    vectors = result.latest(Kind.VECTORS)
    speakers = [one.speaker for one in vectors.read(SoundVectors).speakers if one.speaker] if vectors else []
    rows = [
        [display_name(who), *((one.name, f"{one.cosine:.2f}") if (one := by_speaker.get(who)) else ("not known", ""))]
        for who in speakers
    ]
    return {
        "speakers": dg.MetadataValue.md(
            table(["speaker", "name", "cosine"], rows) if rows else "Nobody was told apart."
        ),
        "known": plural(found.known, "known voice"),
        "threshold": found.threshold,
        "dagster/row_count": len(found.recognised),
    }


def _not_below_threshold(result: StepResult) -> Verdict:
    found = _found(result)
    below = [one.speaker for one in found.recognised if one.cosine < found.threshold - 1e-4]
    return Verdict(not below, f"{len(found.recognised)} recognised, {len(below)} below {found.threshold:g}")


KNOWN_VOICES = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "not_below_threshold",
            "Nobody is named whose voice is below the threshold.",
            _not_below_threshold,
            dg.AssetCheckSeverity.ERROR,
        ),
    ],
)
