"""Detectors put to planted transcripts: which words count, and the shipped ones with what is heard there."""

from pathlib import Path

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.planted import read_planted
from modellab.datasets.reference import CaseId, PlantedTranscript, Reference
from modellab.datasets.references import References
from modellab.inputs.store import InputStore
from modellab.metrics.flagging import flag_scores
from modellab.metrics.score import Score
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system, scorers_of
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab
from modellab.steps.catalogue import get_step
from modellab.steps.scored_flags import planted_words
from modellab.steps.scoring import Judged
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.warehouse.recorder import Recorder

PLANTED = PROJECT_ROOT / "datasets" / "media" / "planted"


def by_name(scores: list[Score]) -> dict[str, Score]:
    return {score.metric.name: score for score in scores}


def test_words_are_counted_and_none_flagged_has_no_precision() -> None:
    found = by_name(flag_scores({1, 2, 3, 9}, {2, 3, 4}, 12))
    assert found["flag_precision"].components == {"hits": 2, "flagged": 4, "planted": 3, "words": 12}
    assert (found["flag_precision"].value, found["flag_recall"].value) == (2 / 4, 2 / 3)
    nothing = by_name(flag_scores(set(), {2, 3}, 12))
    assert (nothing["flag_precision"].value, nothing["flag_recall"].value) == (None, 0.0)
    right = by_name(flag_scores({2}, set(), 12))
    assert (right["flag_precision"].value, right["flag_recall"].value) == (0.0, None)


def test_systems_that_flag_words_have_the_scorer() -> None:
    def names(*steps: str) -> list[str]:
        return [one.name for one in scorers_of([get_step(step) for step in ("ingest", *steps)])]

    assert "flag_metrics" in names("vad", "asr", "hallucinations")
    assert "flag_metrics" not in names("vad")


class Listening:
    """What a system hears as speech in recordings, made by the engine."""

    def __init__(self, lab: Lab) -> None:
        registry = ModelRegistry()
        self._engine = Engine(lab, Models(lab, registry), ArtifactStore(lab.artifacts), Recorder(lab))
        self._system, self._store = resolve_system("silero_vad", registry, lab), InputStore(lab)
        self._references = References(lab.references)

    def scored(self, recording: Path, planted: list[PlantedTranscript]) -> dict[str, Score]:
        source = self._store.register(recording)
        reads: dict[str, Artifact] = {}
        for role, step in (("audio", "ingest"), ("speech", "vad")):
            record = self._engine.run_step(self._system, source, step, RunIdentity("0" * 16, "test"))
            assert record.error is None, record.error
            artifact = self._engine.artifact(self._system, source, step)
            assert artifact is not None
            reads[role] = artifact
        case = CaseId("planted", "1", recording.stem)
        return by_name(
            planted_words(Judged(case, Reference(planted=planted), reads, self._references)).get("flags", [])
        )


def test_of_the_shipped_transcripts_all_that_is_planted_is_found_and_nothing_else(lab: Lab) -> None:
    listening = Listening(lab)
    planted = {}
    for name in ("street", "silence", "repeats-joe"):
        transcripts = [read_planted(path) for path in sorted(PLANTED.glob(f"{name}.*.json"))]
        found = listening.scored(PLANTED / f"{name}.flac", transcripts)
        made_up = sum(len(one.made_up) for one in transcripts)
        words = sum(len(one.transcript.words) for one in transcripts)
        assert found["flag_recall"].components == {
            "hits": made_up,
            "flagged": made_up,
            "planted": made_up,
            "words": words,
        }
        planted[name] = made_up
    assert planted["street"] > 5 and planted["silence"] > 5 and planted["repeats-joe"] == 0
    # Words that nobody detects: planted in the midst of speech, in the voice's own words.
    said = transcripts[0].transcript
    found = listening.scored(PLANTED / "repeats-joe.flac", [PlantedTranscript(said, [0, 1])])
    assert (found["flag_recall"].value, found["flag_precision"].value) == (0.0, None)
    # Words that are said, and that a detector takes for made up: nobody speaks so early there.
    first = said.words[0]
    early = Transcript([Utterance(0.0, 0.1, "so", [Word("so", 0.0, 0.1)] * 8), *said.utterances], said.duration_s, "en")
    found = listening.scored(PLANTED / "repeats-joe.flac", [PlantedTranscript(early, [])])
    assert first.start_s > 0.1 and found["flag_precision"].value == 0.0
    assert listening.scored(PLANTED / "repeats-joe.flac", []) == {}
