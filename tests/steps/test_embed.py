"""The embed step on a real call, and its scorer, which looks at the dataset's other recordings."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab.artifacts.kindred import kindred
from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.inputs.store import InputStore
from modellab.metrics.scored import Scores
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps import embed
from modellab.surfaces.contracts import CONTRACTS, object_given
from modellab.surfaces.names import can_be_remote
from modellab.surfaces.results import Segment, Turn
from modellab.surfaces.sounds import SoundVectors
from modellab.surfaces.speakers import alone
from modellab.warehouse.recorder import Recorder
from modellab.warehouse.schema import columns_by_table

RunSteps = Callable[..., dict[str, Artifact]]
MODELS = {"vad": "silero_vad", "diarization": "heuristic_diarization", "embed": "campplus"}
SPEECH = PROJECT_ROOT / "datasets" / "media" / "speech"


def test_who_talks_alone() -> None:
    turns = [Turn(0.0, 4.0, "a"), Turn(3.0, 6.0, "b"), Turn(6.0, 7.0, "b"), Turn(8.0, 9.0, "a"), Turn(8.0, 9.0, "c")]
    assert alone(turns) == {"a": [Segment(0.0, 3.0)], "b": [Segment(4.0, 7.0)], "c": []}
    assert alone([]) == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 10), st.sampled_from("abc")).map(
            lambda one: Turn(float(one[0]), float(one[0] + one[1]), one[2])
        ),
        max_size=8,
    )
)
def test_alone_is_what_asking_each_moment_gives(turns: list[Turn]) -> None:
    found = alone(turns)
    for moment_s in np.arange(0.5, 41.0, 1.0):
        talking = {turn.speaker for turn in turns if turn.start_s < moment_s < turn.end_s}
        inside = [who for who, spans in found.items() if any(one.start_s < moment_s < one.end_s for one in spans)]
        assert inside == (list(talking) if len(talking) == 1 else [])


def test_texts_and_sounds_are_two_surfaces_that_one_model_may_have() -> None:
    assert can_be_remote("embed") and can_be_remote("embed_sound")
    assert object_given("embed_sound") is None is object_given("embed")
    assert CONTRACTS["embed"] is not CONTRACTS["embed_sound"]


def test_a_call_has_a_vector_and_each_of_its_speakers(run_steps: RunSteps, sample_wav: Path) -> None:
    artifact = run_steps(sample_wav, "ingest", "vad", "diarization", "embed", models=MODELS)["embed"]
    found = artifact.read(SoundVectors)
    assert found.recording is not None and found.recording.heard_s == pytest.approx(22.5, abs=0.5)
    assert [one.speaker for one in found.speakers][:2] == ["SPEAKER_00", "SPEAKER_01"]
    for one in found.all:
        assert len(one.vector) == 192 and np.linalg.norm(one.vector) == pytest.approx(1.0, abs=1e-6)
    rows = list(embed.tables(artifact)["vectors"])
    assert [row["speaker"] for row in rows] == [None, *(one.speaker for one in found.speakers)]
    assert all(set(row) <= set(columns_by_table()["vectors"]) for row in rows)


def test_without_speech_or_with_too_little_there_is_no_vector(run_steps: RunSteps, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(32_000, dtype=np.float32), 16_000)
    artifact = run_steps(path, "ingest", "vad", "embed", models=MODELS)["embed"]
    assert artifact.read(SoundVectors) == SoundVectors(None, [], 2.0)
    assert artifact.summary == {
        **{"heard_s": 0.0, "width": 0, "speakers": 0, "too_short": ["recording"], "shortest_s": 0.5}
    }
    assert list(embed.tables(artifact)["vectors"]) == []
    # Without a step that looks for speech all of it is heard, be it what it may.
    assert run_steps(path, "ingest", "embed", models=MODELS)["embed"].summary["heard_s"] == 2.0


def test_recordings_are_judged_among_those_the_same_system_has_made(lab: Lab) -> None:
    """Whether the nearest is of the same voice; a recording that comes later makes it another judgement."""
    registry, references = ModelRegistry(), References(lab.references)
    names = ("joe-dates", "joe-meeting", "slt-dates", "slt-meeting")
    sources = {name: InputStore(lab).register(SPEECH / f"{name}.flac") for name in names}
    references.enrol(
        "voices",
        "1",
        [EnrolledCase(name, one.sha256, Reference(voices=[name[:3]])) for name, one in sources.items()],
    )
    with Models(lab, registry) as models:
        engine = Engine(lab, models, (store := ArtifactStore(lab.artifacts)), Recorder(lab))
        system, other = (
            resolve_system(key, registry, lab) for key in ("campplus", "campplus+ingest.sample_rate_hz=8000")
        )

        def run(which: str, *steps: str, under: System = system) -> Artifact:
            for step in steps:
                record = engine.run_step(under, sources[which], step, RunIdentity("0" * 16, "test"))
                assert record.error is None, record.error
            return store.get(steps[-1], str(record.fingerprint))

        def figures(which: str) -> dict[str, float | None]:
            [result] = run(which, "embed_metrics").read(Scores).results or [None]
            return {score.metric.name: score.value for score in result.scores} if result else {}

        for name in ("joe-dates", "slt-dates"):
            run(name, "ingest", "embed")
        assert engine.wants(system, sources["joe-dates"], "embed_metrics")
        assert run("joe-dates", "embed_metrics").read(Scores).results[0].scores == [], "nobody else is joe"
        for name in ("joe-meeting", "slt-meeting"):
            run(name, "ingest", "embed")
        assert [figures(name) for name in names] == [{"recall_at_1": 1.0, "mrr": 1.0}] * 4
        # One list for all of them: what stands in their identities is the same.
        lists = {run(name, "embed_metrics").manifest["identity"]["reads"]["others"] for name in names}
        assert len(lists) == 1
        # What was made in another way, be it steps before, is not of the same system, and changes no list.
        alone_there = run("joe-dates", "ingest", "embed", under=other)
        kin = kindred(lab.artifacts, "embed")
        assert dict(kin.like(alone_there.fingerprint)) == {sources["joe-dates"].sha256: alone_there.fingerprint}
        assert len(kin.like(run("joe-dates", "embed").fingerprint)) == 4
        assert run("joe-dates", "embed_metrics").manifest["identity"]["reads"]["others"] in lists
        assert kin.like("0" * 64) == {}
