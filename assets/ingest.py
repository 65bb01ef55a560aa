"""The asset `ingest`: canonical audio."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._page import duration, level, table
from assets._pictures import timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.media.decode import no_numbers
from modellab.steps.ingest import STEP
from modellab.units import clock
from resources.engine import StepResult

_CLIPPED_FRACTION = 1e-4
"""More samples at full scale than this are clipping; music mastered loud stays below."""
_LENGTH_TOLERANCE_S = 0.1


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform, what came in and what was made of it."""
    audio = CanonicalAudio.open(result.artifact)
    info, source = audio.info, audio.info.source
    levels = info.levels
    rows: list[list[object]] = [
        ["length", duration(source.duration_s), duration(info.duration_s)],
        ["sample rate", f"{source.sample_rate_hz} Hz", f"{info.sample_rate_hz} Hz"],
        ["channels", source.channels, info.channels],
        ["format", source.format, "flac"],
        ["peak", "", level(levels.peak_dbfs, "dBFS")],
        ["loudness", "", level(levels.loudness_lufs, "LUFS")],
    ]
    shown: dict[str, Any] = {
        "waveform": dg.MetadataValue.md(timeline(audio.envelope())),
        "audio": dg.MetadataValue.md(table(["", "recording", "canonical audio"], rows)),
        "duration_s": round(info.original_duration_s, 3),
    }
    if info.operators:
        shown["operators"] = ", ".join(operator.name for operator in info.operators)
    if info.warnings:
        shown["warnings"] = dg.MetadataValue.md("\n".join(f"- {warning}" for warning in info.warnings))
    return shown


def _decodes_whole(result: StepResult) -> Verdict:
    """Judged by what could not be had alone: that a file has two sound tracks, say, is no loss."""
    info = CanonicalAudio.open(result.artifact).info
    stated, decoded, broken = result.source.duration_s, info.original_duration_s, info.source.non_finite_samples
    lost = info.source.losses.sentences()
    if broken:
        lost.append(no_numbers(broken))
    # Which of several streams the registered length is of, the parameters of ingest need not agree with.
    as_registered = info.source.audio_streams > 1 or abs(stated - decoded) <= _LENGTH_TOLERANCE_S
    return Verdict(
        not lost and as_registered,
        "; ".join(lost) or f"{clock(decoded, 1)} decoded of {clock(stated, 1)}",
        {"decoded_s": decoded, "registered_s": stated, "non_finite_samples": broken},
    )


def _not_clipped(result: StepResult) -> Verdict:
    fraction = CanonicalAudio.open(result.artifact).info.source.full_scale_fraction
    return Verdict(
        fraction <= _CLIPPED_FRACTION,
        f"{fraction:.4%} of the samples are at full scale",
        {"full_scale_fraction": fraction, "allowed": _CLIPPED_FRACTION},
    )


def _not_silent(result: StepResult) -> Verdict:
    levels = CanonicalAudio.open(result.artifact).info.levels
    return Verdict(not levels.is_silent, f"peak {level(levels.peak_dbfs, 'dBFS')}")


INGEST = step_asset(
    STEP,
    group="media",
    kinds={"python", "file"},
    page=page,
    checks=[
        Check("decodes_whole", "All of the recording that the file promises decodes, and to numbers.", _decodes_whole),
        Check(
            "not_clipped", "The recording is not clipped: that costs words which no model brings back.", _not_clipped
        ),
        Check("not_silent", "There is sound at all.", _not_silent),
    ],
)
