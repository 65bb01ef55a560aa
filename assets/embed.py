"""The asset `embed`: what a recording and its voices are like, as vectors."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import numpy as np

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset
from assets._page import duration, table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.bundle.meeting import display_name
from modellab.media.canonical import CanonicalAudio
from modellab.metrics.vectors import similarities
from modellab.steps import scorers
from modellab.steps.definition import Kind
from modellab.steps.embed import STEP
from modellab.surfaces.results import Diarization
from modellab.surfaces.sounds import SoundVector, SoundVectors
from modellab.surfaces.speakers import alone
from modellab.units import plural
from resources.engine import StepResult

_TOLERANCE = 1e-4
_SHOWN = 8
ALIKE = 0.7
"""Cosine from which voices of one recording are doubted to be two people's."""


def vectors_of(result: StepResult) -> SoundVectors:
    """What the step made."""
    return result.artifact.read(SoundVectors)


def _name(one: SoundVector) -> str:
    return display_name(one.speaker) if one.speaker else "recording"


def page(result: StepResult) -> Mapping[str, Any]:
    """Where each voice was heard alone, and how alike the recording and its voices are."""
    found = vectors_of(result)
    shown = found.all[:_SHOWN]
    ingest, turns = result.latest(Kind.RECORDING), result.latest(Kind.TURNS)
    heard = alone(turns.read(Diarization).turns) if turns else {}
    lanes = [Lane(display_name(who), [(span.start_s, span.end_s) for span in spans]) for who, spans in heard.items()]
    near = similarities([np.array(one.vector) for one in shown]) if shown else np.zeros((0, 0))
    rows = [
        [_name(one), duration(one.heard_s), *(f"{cosine:.2f}" for cosine in near[row])] for row, one in enumerate(shown)
    ]
    return {
        "waveform": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), lanes) if ingest else ""),
        "alike": dg.MetadataValue.md(
            table(["", "heard", *(_name(one) for one in shown)], rows) if rows else "Too little is heard for a vector."
        ),
        "width": len(shown[0].vector) if shown else 0,
        "dagster/row_count": len(found.all),
    }


def _of_length_one(result: StepResult) -> Verdict:
    found = vectors_of(result).all
    lengths = [float(np.linalg.norm(one.vector)) for one in found]
    wrong = [
        f"{_name(one)}: {length:g}"
        for one, length in zip(found, lengths, strict=True)
        if not abs(length - 1) < _TOLERANCE
    ]
    return Verdict(not wrong, f"{plural(len(found), 'vector')}, {len(wrong)} not of length 1", {"wrong": wrong[:5]})


def _something_heard(result: StepResult) -> Verdict:
    found = vectors_of(result)
    if found.recording is None:
        return Verdict(False, f"less than {result.artifact.summary['shortest_s']:g} s is heard: there is no vector")
    return Verdict(True, f"{duration(found.recording.heard_s)} heard")


def _voices_differ(result: StepResult) -> Verdict:
    speakers = vectors_of(result).speakers
    near = similarities([np.array(one.vector) for one in speakers]) if speakers else np.zeros((0, 0))
    alike = [
        f"{_name(one)} and {_name(other)}: {near[row, column]:.2f}"
        for row, one in enumerate(speakers)
        for column, other in enumerate(speakers)
        if row < column and near[row, column] >= ALIKE
    ]
    said = (
        f"{'; '.join(alike)}: one person's?" if alike else f"no two of {plural(len(speakers), 'voice')} are that alike"
    )
    return Verdict(not alike, said)


EMBED = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check("of_length_one", "Every vector is of length 1.", _of_length_one, dg.AssetCheckSeverity.ERROR),
        Check("something_heard", "There is enough sound for a vector of the recording.", _something_heard),
        Check("voices_differ", f"No two speakers' voices have a cosine of {ALIKE} or more.", _voices_differ),
    ],
)

EMBED_METRICS = metrics_asset(scorers.EMBED_METRICS)
