"""The asset `enhance`: audio with less noise."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import gains, metrics_asset
from assets._page import duration, level, table
from assets._pictures import timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.enhance import STEP
from resources.engine import StepResult

_MOST_LOST_LU = 15.0
"""Speech that loses more loudness than this was taken for noise."""


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform before and after, and what changed."""
    after = CanonicalAudio.open(result.artifact)
    summary = result.artifact.summary
    shown: dict[str, Any] = {}
    if source := result.read("audio"):
        shown["before"] = dg.MetadataValue.md(timeline(CanonicalAudio.open(source).envelope(), []))
    floors = summary["noise_floor_before_dbfs"], summary["noise_floor_after_dbfs"]
    rows: list[list[object]] = [
        ["quietest tenth", *(level(floor, "dBFS") for floor in floors)],
        [
            "loudness",
            level(summary["loudness_before_lufs"], "LUFS"),
            level(summary["loudness_after_lufs"], "LUFS"),
        ],
    ]
    return {
        **shown,
        "after": dg.MetadataValue.md(timeline(after.envelope(), [])),
        "levels": dg.MetadataValue.md(table(["", "before", "after"], rows)),
        "length": duration(after.duration_s),
        "noise_floor_change_db": round(floors[1] - floors[0], 2),
    }


def _keeps_length(result: StepResult) -> Verdict:
    before = result.read("audio")
    after = CanonicalAudio.open(result.artifact).info
    if before is None:
        return Verdict(False, "the audio it was made of is not there any more")
    info = CanonicalAudio.open(before).info
    same = (info.duration_s, info.sample_rate_hz) == (after.duration_s, after.sample_rate_hz)
    return Verdict(
        same,
        f"{after.duration_s:.3f} s at {after.sample_rate_hz} Hz, before it {info.duration_s:.3f} s"
        f" at {info.sample_rate_hz} Hz",
    )


def _keeps_speech(result: StepResult) -> Verdict:
    summary = result.artifact.summary
    before, after = summary["loudness_before_lufs"], summary["loudness_after_lufs"]
    if before is None:
        return Verdict(True, "there was no loudness to lose")
    if after is None:
        return Verdict(False, f"of {before:.1f} LUFS nothing is left")
    return Verdict(
        before - after <= _MOST_LOST_LU,
        f"{before - after:.1f} LU of loudness went",
        {"loudness_before_lufs": before, "loudness_after_lufs": after, "allowed_loss_lu": _MOST_LOST_LU},
    )


ENHANCE = step_asset(
    STEP,
    group="media",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check(
            "keeps_length",
            "It is as long as before, to the sample, so that all times still hold.",
            _keeps_length,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("keeps_speech", "It is not so much quieter that speech must have gone with the noise.", _keeps_speech),
    ],
)

ENHANCE_METRICS = metrics_asset(scorers.ENHANCE_METRICS, checks=[gains("si_sdr_gain")])
