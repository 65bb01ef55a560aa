"""The end_of_turn step on a real call: which sound the model is given, and what is kept of its answers."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from modellab.artifacts.store import Artifact
from modellab.datasets.reference import Reference
from modellab.formats.rttm import read_rttm
from modellab.media.audio import TimeMap, Waveform
from modellab.speech.pauses import Stop
from modellab.steps import end_of_turn
from modellab.steps.end_of_turn import heard_at
from modellab.steps.scorers import END_OF_TURN_METRICS
from modellab.surfaces.results import SpeechSegments
from modellab.surfaces.turn_ends import Pause, TurnEnds
from modellab.warehouse.schema import columns_by_table

from .judging import judged, kept

RunSteps = Callable[..., dict[str, Artifact]]
RATE = 100
COUNTED = Waveform(np.arange(1, 2001, dtype=np.float32), RATE)
"""20 s: each sample is its number, from 1."""


def first_and_last(stop: Stop, window_s: float = 8.0, time_map: TimeMap | None = None) -> tuple[int, int, float]:
    """Number of the first sample heard, of the last that is sound, and seconds heard."""
    heard = heard_at(stop, COUNTED, time_map or TimeMap.identity(20.0), window_s, 0.2)
    sound = np.flatnonzero(heard.samples)
    assert sound[0] == 0 and (np.diff(heard.samples[sound]) == 1.0).all()
    return int(heard.samples[0]), int(heard.samples[sound[-1]]), heard.duration_s


def test_the_model_hears_what_was_said_and_the_beginning_of_the_pause() -> None:
    assert first_and_last(Stop(5.0, 3.0, 9.0, "A")) == (301, 520, 2.2)
    # No more than it can take, and of that the pause is a part.
    assert first_and_last(Stop(15.0, 3.0, 16.0, "A")) == (721, 1520, 8.0)
    # Where somebody speaks already, or the recording ends, silence stands in for the rest.
    assert first_and_last(Stop(5.0, 3.0, 5.0, "A")) == (301, 500, 2.2)
    assert first_and_last(Stop(5.0, 3.0, 5.1, "A")) == (301, 510, 2.2)
    assert first_and_last(Stop(20.0, 19.0, 20.0, "A")) == (1901, 2000, 1.2)


def test_times_are_the_originals_and_the_sound_is_what_was_kept() -> None:
    cut = TimeMap.identity(60.0).keep([(30.0, 50.0)])
    assert first_and_last(Stop(35.0, 33.0, 39.0, None), time_map=cut) == (301, 520, 2.2)


@pytest.fixture(scope="module")
def _package() -> None:
    if find_spec("pipecat") is None:
        pytest.skip("pip install --no-deps pipecat-ai==1.14.0")


@pytest.mark.usefixtures("_package")
def test_pauses_of_a_call_are_asked_kept_and_become_rows(run_steps: RunSteps, sample_wav: Path) -> None:
    steps = ("ingest", "vad", "diarization", "end_of_turn")
    models = {"vad": "silero_vad", "diarization": "heuristic_diarization", "end_of_turn": "smart_turn"}
    made = run_steps(sample_wav, *steps, models=models)
    found = made["end_of_turn"].read(TurnEnds)
    assert found.duration_s == 30.0 and len(found.pauses) >= 5
    assert {pause.speaker for pause in found.pauses} <= {"SPEAKER_00", "SPEAKER_01", "SPEAKER_02"}
    assert all(pause.over == (pause.probability >= 0.5) and 0.2 < pause.heard_s <= 8.0 for pause in found.pauses)
    assert {pause.over for pause in found.pauses} == {True, False}
    assert made["end_of_turn"].summary == {**{"pauses": len(found.pauses), "over": len(found.over), "told_apart": True}}
    rows = list(end_of_turn.tables(made["end_of_turn"])["pauses"])
    assert all(set(row) <= set(columns_by_table()["pauses"]) for row in rows)
    assert [(row["at_s"], row["is_over"]) for row in rows] == [(one.at_s, one.over) for one in found.pauses]


@pytest.mark.usefixtures("_package")
def test_without_turns_each_pause_of_speech_is_asked_and_a_threshold_decides(
    run_steps: RunSteps, sample_wav: Path
) -> None:
    models = {"vad": "silero_vad", "end_of_turn": "smart_turn"}
    changes = {"end_of_turn": {"threshold": 0.999, "min_pause_ms": 0}}
    made = run_steps(sample_wav, "ingest", "vad", "end_of_turn", models=models, parameters=changes)
    found = made["end_of_turn"].read(TurnEnds)
    assert [pause.at_s for pause in found.pauses] == [one.end_s for one in made["vad"].read(SpeechSegments).segments]
    assert {pause.speaker for pause in found.pauses} == {None} and found.over == []
    assert made["end_of_turn"].summary["told_apart"] is False


def test_its_scorer_asks_who_spoke_next(tmp_path: Path, sample_wav: Path) -> None:
    turns = read_rttm(sample_wav.with_suffix(".rttm"))["sample"]
    found = TurnEnds([Pause(8.3, 0.9, True, 1.0), Pause(24.0, 0.9, True, 3.0), Pause(28.5, 0.1, False, 8.0)], 30.0)
    reads = kept(tmp_path, {"turn_ends": found})
    [result] = judged(END_OF_TURN_METRICS, tmp_path, Reference(turns=turns), reads).results
    f1 = next(score for score in result.scores if score.metric.name == "turn_end_f1")
    # Nine turns end before the last; at 24 s somebody is in the middle of one.
    assert f1.components == {"hits": 1.0, "missed_ends": 8.0, "false_ends": 1.0, "right_holds": 0.0}
