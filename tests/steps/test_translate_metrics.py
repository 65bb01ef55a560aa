"""Translations of a dataset, from what two systems wrote to figures of the corpus, intervals and who is better."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import sacrebleu
import soundfile
import yaml

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.catalogue import Catalogue
from modellab.datasets.sources import Sources
from modellab.documents import save
from modellab.evaluation.outcomes import outcomes
from modellab.evaluation.standing import standing
from modellab.metrics.scored import Scores
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import System, SystemStep
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.regression.state import states
from modellab.runs.enrolling import enrol
from modellab.settings import Lab
from modellab.steps.definition import Kind, StepContext, StepDefinition, StepParameters
from modellab.steps.outside import INPUT
from modellab.steps.scorers import TRANSLATE_METRICS
from modellab.surfaces.translations import TranslatedUtterance, Translation
from modellab.warehouse.builder import build
from modellab.warehouse.query import query
from modellab.warehouse.recorder import Recorder

REFERENCES = {
    "a": "Die Pumpe ist im Januar eingefroren, und niemand hat es bemerkt.",
    "b": "Ich rufe morgen früh gleich den Klempner an.",
    "c": "Wer bezahlt das alles denn eigentlich?",
    "d": "Das weiß ich noch nicht, aber wir finden es heraus.",
    "e": "Gut, dann bis Donnerstag um halb zehn.",
    "f": "Nein, das kann so nicht bleiben.",
}
SAID = {
    "fine": dict(REFERENCES),
    "poor": {
        "a": "Im Januar fror die Pumpe ein, was keiner sah.",
        "b": "Ich rufe morgen den Klempner.",
        "c": "Wer bezahlt das?",
        "d": "Ich weiß es nicht, aber wir finden es heraus.",
        "e": "Dann bis Donnerstag.",
        "f": "Nein, so kann das nicht bleiben.",
    },
}


class Named(StepParameters):
    system: str


def _translate(context: StepContext) -> Mapping[str, object]:
    assert isinstance(context.parameters, Named)
    text = SAID[context.parameters.system][Path(context.input.name).stem]
    save(Translation([TranslatedUtterance(0.0, 1.0, text)], 1.0, "de"), context.output)
    return {}


WRITE = StepDefinition(
    *("translate", "Says what the test wants said.", "1", (), Named, _translate),
    gives=(Kind.TRANSLATION,),
    outside=(INPUT,),
)


@pytest.fixture
def engine(lab: Lab) -> Engine:
    return Engine(lab, Models(lab, ModelRegistry()), ArtifactStore(lab.artifacts), Recorder(lab))


def measured(engine: Engine) -> None:
    """Both systems on the dataset `talks`."""
    folder = engine.lab.datasets / "talks"
    folder.mkdir(parents=True)
    cases = []
    for place, (name, text) in enumerate(REFERENCES.items()):
        times = np.arange(8000) / 8000
        soundfile.write(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * (300 + 40 * place) * times), 8000)
        source = {"file": f"{name}.wav", "sha256": hashlib.sha256((folder / f"{name}.wav").read_bytes()).hexdigest()}
        cases.append({"id": name, "source": source, "reference": {"translations": {"de": text}}})
    about = {"id": "talks", "version": "1", "description": "d", "licence": "CC0-1.0", "tasks": ["translate"]}
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**about, "language": "en", "cases": cases}))
    dataset = Catalogue(engine.lab).get("talks")
    enrolled = enrol(engine.lab, dataset, Sources(engine.lab))
    assert enrolled.failed == []
    for key in SAID:
        judge = SystemStep(TRANSLATE_METRICS, None, StepParameters(), {"translation": "translate"})
        system = System(key, "test", (SystemStep(WRITE, None, Named(system=key), {}),), (judge,))
        for source in enrolled.inputs:
            run = RunIdentity(hashlib.sha256(f"{key} {source.key}".encode()).hexdigest()[:16], "d" * 8)
            engine.recorder.run_started(run, source, system)  # type: ignore[attr-defined]
            for step in ("translate", "translate_metrics"):
                assert engine.run_step(system, source, step, run).error is None
            artifact = engine.artifact(system, source, "translate_metrics")
            assert artifact is not None
            [scored] = artifact.read(Scores).results
            assert [score.metric.name for score in scored.scores] == ["bleu", "chrf"]
    build(engine.lab)


def theirs(system: str) -> dict[str, float]:
    """sacrebleu's own figures."""
    texts, references = list(SAID[system].values()), list(REFERENCES.values())
    return {
        "bleu": sacrebleu.corpus_bleu(texts, [references]).score,
        "chrf": sacrebleu.corpus_chrf(texts, [references]).score,
    }


def test_a_dataset_s_figures_are_those_of_the_corpus_and_tell_systems_apart(engine: Engine) -> None:
    measured(engine)
    found = outcomes(engine.lab, "talks", "1", list(SAID))
    stand = standing(found, list(SAID))
    assert [one.metric for one in stand.main_measures] == ["bleu", "chrf"]
    assert all(one.protocol.startswith("en-de, nrefs:1|") for one in stand.main_measures)
    for system in stand.systems:
        figures = {one.measure.metric: one.interval for one in system.figures}
        assert {name: one.value for name, one in figures.items()} == pytest.approx(theirs(system.system), rel=1e-9)
    poor = {one.measure.metric: one.interval for one in stand.systems[1].figures}
    assert all((one.low or 0) < (one.value or 0) < (one.high or 0) <= 100 for one in poor.values())
    compared = {measure.metric: versus.comparison for measure, versus in stand.comparisons}
    assert {name: (one.verdict, one.n) for name, one in compared.items()} == dict.fromkeys(
        ("bleu", "chrf"), ("better", 6)
    )
    assert compared["bleu"].difference == pytest.approx(theirs("fine")["bleu"] - theirs("poor")["bleu"], rel=1e-9)
    rows = query(engine.lab, "SELECT system, metric, value FROM leaderboard WHERE step = 'translate'").rows
    board = {(system, metric): value for system, metric, value in rows}
    assert board == pytest.approx(
        {(system, metric): value for system in SAID for metric, value in theirs(system).items()}, rel=1e-9
    )


def test_a_baseline_keeps_the_counts_that_its_figures_follow_from(engine: Engine) -> None:
    measured(engine)
    [state] = states(engine.lab, "talks", "1", "poor")
    found = outcomes(engine.lab, "talks", "1", ["poor"])
    for figure in state.figures:
        [case] = [one for one in found.by_measure[figure.measure]["poor"] if one.case_id == figure.case_id]
        assert figure.amounts == case.amounts and figure.components == dict(case.amounts.components)  # type: ignore[union-attr]
