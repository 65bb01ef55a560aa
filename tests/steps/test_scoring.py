"""Scorers: what datasets know of a recording is held against what systems made of it, and no model runs for that."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.reference import CaseId, Reference
from modellab.datasets.references import EnrolledCase, KnownCase, References
from modellab.errors import ArtifactMissing
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.metrics.diarization import diarization_error
from modellab.metrics.scored import Scores
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity, StepRecord
from modellab.pipeline.system import System, resolve_system, scorers_of
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.catalogue import get_step
from modellab.steps.scorers import SCORERS
from modellab.surfaces.results import Diarization, Segment, Turn, Word
from modellab.warehouse.builder import build, rebuild
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

RUN = RunIdentity("0" * 16, "test")
TURNS = [Turn(0.5, 5.0, "a"), Turn(6.0, 9.0, "b")]
REFERENCE = Reference(language="en", turns=TURNS, evaluated=[Segment(0.0, 10.0)])
MODEL = "heuristic_diarization:mfcc"


class Workshop:
    """A lab with one recording, diarized by a model without weights."""

    def __init__(self, lab: Lab, recording: Path) -> None:
        self.lab = lab
        registry = ModelRegistry()
        self.engine = Engine(lab, Models(lab, registry), ArtifactStore(lab.artifacts), Recorder(lab))
        self.system: System = resolve_system("heuristic_diarization", registry, lab)
        self.source: RegisteredInput = InputStore(lab).register(recording)
        self.references = References(lab.references)

    def enrol(self, reference: Reference, version: str = "1", dataset: str = "calls") -> None:
        self.references.enrol(dataset, version, [EnrolledCase("one", self.source.sha256, reference)])

    def run(self, *steps: str) -> list[StepRecord]:
        return [self.engine.run_step(self.system, self.source, step, RUN) for step in steps]

    def artifact(self, step: str) -> Artifact:
        found = self.engine.artifact(self.system, self.source, step)
        assert found is not None
        return found

    def wants(self) -> bool:
        return self.engine.wants(self.system, self.source, "diarization_metrics")


@pytest.fixture
def workshop(lab: Lab, sample_wav: Path) -> Workshop:
    return Workshop(lab, sample_wav)


def test_a_system_has_the_scorers_of_what_it_gives_and_no_pipeline_names_them(workshop: Workshop) -> None:
    assert [step.name for step in workshop.system.steps] == ["ingest", "diarization"]
    assert [one.name for one in workshop.system.scorers if one.name.startswith("diar")] == ["diarization_metrics"]
    assert workshop.system.key == MODEL
    assert "asr_metrics" in [one.name for one in scorers_of([get_step("ingest"), get_step("asr")])]
    assert "asr_metrics" not in [one.name for one in scorers_of([get_step("ingest"), get_step("vad")])]


def test_a_result_is_scored_against_the_reference_and_a_changed_one_scores_again_without_the_model(
    workshop: Workshop,
) -> None:
    assert not workshop.wants()
    workshop.enrol(REFERENCE)
    assert workshop.wants()
    records = workshop.run("ingest", "diarization", "diarization_metrics")
    assert [record.error for record in records] == [None] * 3
    heard = workshop.artifact("diarization")
    [scored] = workshop.artifact("diarization_metrics").read(Scores).results
    assert (scored.fingerprint, scored.content_sha256) == (heard.fingerprint, heard.content_sha256)
    assert scored.case == CaseId("calls", "1", "one")
    turns = heard.read(Diarization).turns
    assert diarization_error(TURNS, turns, evaluated=[Segment(0.0, 10.0)]) in scored.scores
    assert [record.cached for record in workshop.run("diarization", "diarization_metrics")] == [True, True]

    workshop.enrol(replace(REFERENCE, turns=TURNS[:1]), version="2")
    again = workshop.run("ingest", "diarization", "diarization_metrics")
    assert [record.cached for record in again] == [True, True, False]
    [scored] = workshop.artifact("diarization_metrics").read(Scores).results
    assert scored.case == CaseId("calls", "2", "one")
    assert diarization_error(TURNS[:1], turns, evaluated=[Segment(0.0, 10.0)]) in scored.scores


def test_scores_are_rows_of_what_was_scored_also_after_a_rebuild(workshop: Workshop) -> None:
    workshop.enrol(REFERENCE)
    workshop.run("ingest", "diarization", "diarization_metrics")
    turns = workshop.artifact("diarization").read(Diarization).turns
    expected = diarization_error(TURNS, turns, evaluated=[Segment(0.0, 10.0)])
    asked = (
        "SELECT dataset, case_id, system, step, model, numerator FROM latest_scores "
        f"WHERE metric = 'der' AND protocol = '{expected.metric.protocol}'"
    )
    for make in (build, rebuild):
        make(workshop.lab)
        rows = query(workshop.lab, asked).rows
        assert rows == [("calls", "one", MODEL, "diarization", MODEL, expected.numerator)]


def test_a_case_that_a_dataset_has_no_more_and_one_that_says_nothing_of_it_are_not_scored(workshop: Workshop) -> None:
    workshop.enrol(Reference(language="en", text="hello"))
    assert not workshop.wants()
    workshop.enrol(REFERENCE)
    workshop.enrol(REFERENCE, dataset="other")
    assert [case.case.dataset for case in workshop.references.of(workshop.source.sha256)] == ["calls", "other"]
    workshop.references.enrol("calls", "2", [])
    assert [case.case.dataset for case in workshop.references.of(workshop.source.sha256)] == ["other"]


def test_references_are_kept_by_content_and_what_is_missing_is_named(tmp_path: Path) -> None:
    references = References(tmp_path / "references")
    sound = tmp_path / "clean.WAV"
    sound.write_bytes(b"not sound, but bytes")
    kept = references.keep_sound(sound)
    reference = replace(REFERENCE, clean=kept, stems={"vocals": kept})
    for version in ("1", "2"):
        references.enrol("calls", version, [EnrolledCase("one", "f" * 64, reference)])
    [known] = references.of("f" * 64)
    assert known == KnownCase(CaseId("calls", "2", "one"), known.reference, ("clean", "stems", "turns"))
    assert references.read(known.reference) == reference
    assert references.sound(kept).read_bytes() == sound.read_bytes()
    assert references.sound(kept).suffix == ".wav"
    assert len(list((tmp_path / "references" / "documents").rglob("*.json"))) == 1
    with pytest.raises(ArtifactMissing, match="there is no reference aaaa"):
        references.read("a" * 64)


def test_a_reference_keeps_its_digest_when_references_learn_to_say_more(tmp_path: Path) -> None:
    """Its document holds what is known, and nothing of what could be: a new field would change every digest else."""
    references = References(tmp_path)
    words = [Word("hello", 0.5, 1.0)]
    case = EnrolledCase("one", "0" * 64, Reference("en", "hello", words=words, turns=[]))
    digest = references.enrol("toy", "1", [case])["one"]
    document = json.loads((tmp_path / "documents" / digest[:2] / f"{digest}.json").read_text())
    assert document == {
        "language": "en",
        "text": "hello",
        "words": [{"text": "hello", "start_s": 0.5, "end_s": 1.0}],
        "turns": [],
    }
    assert references.read(digest) == case.reference


def test_every_scorer_says_what_it_judges_by_and_needs_something_known() -> None:
    for one in SCORERS:
        assert one.name.endswith("_metrics")
        assert one.gives == ()
        assert [read.role for read in one.outside if read.required] == ["references"]
