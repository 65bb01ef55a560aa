"""States made by hand: 24 cases of eight speakers, 20 words each, half of them in the street."""

from dataclasses import replace

import pytest

from modellab.evaluation.outcomes import Measure
from modellab.regression.state import CaseFigure, Made, SpeedSample, State

WER = Measure("asr", "wer", "ratio", "lower", "no normaliser", "1")
CASES = [f"c{number:02}" for number in range(24)]
MADE = Made("asr", "toy:v1", "5", "a" * 64, "1.0", "cpu", "int8", "m1")


def figure(case_id, errors, *, measure=WER, words=20, error=None, reference="r1", input_key=None):
    number = int(case_id[1:])
    return CaseFigure(
        measure,
        case_id,
        input_key or f"i-{case_id}",
        reference,
        f"s{number % 8}",
        {"noise": "street" if number % 2 else "none"},
        None if error else float(errors),
        None if error else float(words),
        error,
        f"f-{case_id}-{errors}",
    )


def state(errors, *, measure=WER, made=(MADE,), speeds=(), version="1", manifest="m" * 64):
    """Of as many cases as there are numbers of errors."""
    figures = tuple(figure(case, count, measure=measure) for case, count in zip(CASES, errors, strict=False))
    return State("calls", version, manifest, "toy:v1", figures, made, tuple(speeds))


def with_figure(found, changed):
    """The same, with one case's figure put in its place."""
    figures = tuple(changed if one.case_id == changed.case_id else one for one in found.figures)
    return replace(found, figures=figures)


def sample(case, inference_s, sequence, **other):
    conditions = {"device": "cpu", "compute_type": "int8", "threads": 2, "batch_size": 8, "machine": "m1", **other}
    return SpeedSample(
        "asr", "toy:v1", **conditions, input=case, audio_s=10.0, inference_s=inference_s, sequence=sequence
    )


@pytest.fixture
def usual():
    """Two errors a case."""
    return state([2] * 24)
