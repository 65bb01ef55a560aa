"""The asset `separate`: a mixture's stems."""

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
from modellab.steps.separate import STEP
from resources.engine import StepResult

_MOST_LEFT_OUT_DB = -10.0
"""A trained network leaves out less than a tenth of the mixture's energy."""


def page(result: StepResult) -> Mapping[str, Any]:
    """The mixture, the stem that the rest of the pipeline hears, and how loud every stem is."""
    audio = CanonicalAudio.open(result.artifact)
    summary = result.artifact.summary
    ingest = result.read("audio")
    rows: list[list[object]] = [
        [stem, level(rms_dbfs, "dBFS"), "read by the next steps" if stem == summary["stem"] else ""]
        for stem, rms_dbfs in summary["rms_dbfs"].items()
    ]
    shown: dict[str, Any] = {
        "stem": dg.MetadataValue.md(timeline(audio.envelope(), [])),
        "stems": dg.MetadataValue.md(table(["stem", "RMS level", ""], rows)),
        "length": duration(audio.duration_s),
    }
    if ingest:
        shown = {"mixture": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), [])), **shown}
    if summary["residual_db"] is not None:
        shown["residual_db"] = summary["residual_db"]
    return shown


def _keeps_length(result: StepResult) -> Verdict:
    before = result.read("audio")
    if before is None:
        return Verdict(False, "the audio it was made of is not there any more")
    mixture, stem = CanonicalAudio.open(before).info, CanonicalAudio.open(result.artifact).info
    same = (mixture.duration_s, mixture.sample_rate_hz) == (stem.duration_s, stem.sample_rate_hz)
    return Verdict(
        same,
        f"{stem.duration_s:.3f} s at {stem.sample_rate_hz} Hz, before it {mixture.duration_s:.3f} s"
        f" at {mixture.sample_rate_hz} Hz",
    )


def _adds_up(result: StepResult) -> Verdict:
    residual_db = result.artifact.summary["residual_db"]
    if residual_db is None:
        return Verdict(True, "the stems are the mixture, taken together")
    return Verdict(
        residual_db <= _MOST_LEFT_OUT_DB,
        f"what the stems leave out of the mixture is {residual_db:.1f} dB of it",
        {"residual_db": residual_db, "allowed_db": _MOST_LEFT_OUT_DB},
    )


SEPARATE = step_asset(
    STEP,
    group="media",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check(
            "stems_keep_length",
            "Every stem is as long as the mixture, to the sample, so that all times still hold.",
            _keeps_length,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("stems_add_up", "All stems together are the mixture, but for a little.", _adds_up),
    ],
)

SEPARATE_METRICS = metrics_asset(scorers.SEPARATE_METRICS, checks=[gains("si_sdr_gain")])
