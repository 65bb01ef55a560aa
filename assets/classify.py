"""The asset `classify`: what is heard, and when."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets._checks import Check, Verdict
from assets._metrics import metrics_asset
from assets._page import duration, share, table
from assets._pictures import Lane, timeline
from assets._step import step_asset
from modellab.media.canonical import CanonicalAudio
from modellab.steps import scorers
from modellab.steps.classify import STEP
from modellab.steps.definition import Kind
from modellab.surfaces.in_place import is_inside, overlapping
from modellab.surfaces.sounds import Classification, LabelSpan
from modellab.units import clock, plural
from resources.engine import StepResult

_SHOWN = 12


def classification_of(result: StepResult) -> Classification:
    """What the step heard."""
    return result.artifact.read(Classification)


def by_label(found: Classification) -> dict[str, list[LabelSpan]]:
    """The stretches of each class, those heard longest first; of equals that which comes first by name."""
    spans: dict[str, list[LabelSpan]] = {}
    for span in found.spans:
        spans.setdefault(span.label, []).append(span)
    return dict(sorted(spans.items(), key=lambda one: (-sum(span.duration_s for span in one[1]), one[0])))


def page(result: StepResult) -> Mapping[str, Any]:
    """The waveform with the classes heard longest beneath it, how long each is heard, and the recording's likeliest."""
    found = classification_of(result)
    heard = by_label(found)
    ingest = result.latest(Kind.RECORDING)
    lanes = [Lane(label, [(span.start_s, span.end_s) for span in spans]) for label, spans in heard.items()]
    over_time = [
        [
            label,
            duration(sum(span.duration_s for span in spans)),
            share(sum(span.duration_s for span in spans), found.duration_s),
            len(spans),
            clock(spans[0].start_s, 1),
            f"{max(span.score for span in spans):.2f}",
        ]
        for label, spans in list(heard.items())[:_SHOWN]
    ]
    likeliest = [[label, f"{found.scores[label]:.3f}"] for label in found.labels[:_SHOWN]]
    return {
        "waveform": dg.MetadataValue.md(timeline(CanonicalAudio.open(ingest).envelope(), lanes) if ingest else ""),
        "heard": dg.MetadataValue.md(
            table(["class", "heard", "share", "times", "first at", "best score"], over_time)
            if over_time
            else "No class reaches the threshold at any moment."
        ),
        "likeliest": dg.MetadataValue.md(table(["class", "score of the recording"], likeliest)),
        "top": found.labels[0] if found.labels else "-",
        "dagster/row_count": len(found.spans),
    }


def _in_place(result: StepResult) -> Verdict:
    found = classification_of(result)
    wrong = [span for span in found.spans if not is_inside(span, found.duration_s) or not 0 <= span.score <= 1]
    # Of one class stretches are apart: the next begins where the one before has ended.
    for spans in by_label(found).values():
        wrong += overlapping(spans)
    return Verdict(
        not wrong,
        f"{plural(len(found.spans), 'stretch', 'stretches')}, {len(wrong)} out of place",
        {"wrong": [str(span) for span in wrong[:5]]},
    )


def _hears_something(result: StepResult) -> Verdict:
    found = classification_of(result)
    heard = list(by_label(found))
    return Verdict(
        bool(heard),
        f"{plural(len(heard), 'class', 'classes')} heard: {', '.join(heard[:5])}"
        if heard
        else f"no class reaches the threshold; the likeliest is {found.labels[0] if found.labels else 'none'}",
    )


CLASSIFY = step_asset(
    STEP,
    group="speech",
    kinds={"python", "json"},
    page=page,
    checks=[
        Check(
            "labels_in_place",
            "Stretches of a class are apart and inside the recording, with scores from 0 to 1.",
            _in_place,
            dg.AssetCheckSeverity.ERROR,
        ),
        Check("hears_something", "Some class reaches the threshold at some moment.", _hears_something),
    ],
)

CLASSIFY_METRICS = metrics_asset(scorers.CLASSIFY_METRICS)
