"""Figures of a whole corpus: from stored results, with intervals over speakers, and said where there is none."""

import hashlib
from collections.abc import Mapping

import numpy as np
import pytest

from modellab.artifacts.store import ArtifactStore, describe_files
from modellab.datasets.reference import Reference
from modellab.datasets.references import EnrolledCase, References
from modellab.documents import Kept, save, to_json
from modellab.evaluation.corpus import corpus_figures
from modellab.evaluation.documents import standing_document
from modellab.evaluation.outcomes import Measure, Outcomes
from modellab.evaluation.report.verdict import verdict
from modellab.evaluation.standing import standing
from modellab.metrics.score import Metric
from modellab.settings import Lab
from modellab.statistics.cases import Amounts, Case
from modellab.statistics.intervals import Interval
from modellab.surfaces.sounds import Classification, SoundVector, SoundVectors

SPEAKERS = [f"s{number}" for number in range(8)]


def keep(lab: Lab, step: str, name: str, result: Kept) -> str:
    """A stored result; gives its fingerprint."""
    store, fingerprint = ArtifactStore(lab.artifacts), hashlib.sha256((name + to_json(result)).encode()).hexdigest()
    with store.staging() as folder:
        save(result, folder)
        store.commit(step, fingerprint, folder, files=describe_files(folder), identity={}, summary={}, made={})
    return fingerprint


def figures(
    lab: Lab, step: str, results: Mapping[str, Kept | None], references: Mapping[str, Reference], **clusters: str
) -> dict[str, tuple[Metric, Interval]]:
    enrolled = [EnrolledCase(case, case.rjust(64, "0"), reference) for case, reference in references.items()]
    digests = References(lab.references).enrol("d", "1", enrolled)
    made = {case: keep(lab, step, case, result) if result else None for case, result in results.items()}
    [found] = corpus_figures(lab, {("system", step): made}, digests, clusters).values()
    return {metric.name: (metric, interval) for metric, interval in found}


def voices(spread: float, seed: int = 0) -> tuple[dict[str, Kept | None], dict[str, Reference], dict[str, str]]:
    """Three recordings of each speaker, the farther apart the larger the spread."""
    random = np.random.default_rng(seed)
    results: dict[str, Kept | None] = {}
    references, clusters = {}, {}
    for speaker in SPEAKERS:
        own = random.normal(size=16)
        for take in range(3):
            vector = own + spread * random.normal(size=16)
            case = f"{speaker}-{take}"
            results[case] = SoundVectors(SoundVector((vector / np.linalg.norm(vector)).tolist(), 1.0), [], 1.0)
            references[case], clusters[case] = Reference(voices=[speaker]), speaker
    return results, references, clusters


def test_an_equal_error_rate_has_an_interval_over_speakers(lab: Lab) -> None:
    results, references, clusters = voices(1.0)
    metric, found = figures(lab, "embed", results, references, **clusters)["eer"]
    assert (metric.better, found.n, found.clusters, found.failed) == ("lower", 24, 8, 0)
    assert found.value is not None and found.low is not None and found.high is not None
    assert 0.0 < found.low < found.value < found.high < 0.5
    assert found.method == "percentile bootstrap, 1,000 draws"
    # Vectors without anything of the speaker: as many of one as of the other are wrong.
    results, references, clusters = voices(50.0)
    _, chance = figures(lab, "embed", results, references, **clusters)["eer"]
    assert chance.low is not None and chance.high is not None and chance.low < 0.5 < chance.high


def test_no_error_among_eight_speakers_is_not_none_among_all(lab: Lab) -> None:
    _, found = figures(lab, "embed", *voices(0.01)[:2], **voices(0.01)[2])["eer"]
    assert (found.value, found.low, found.method) == (0.0, 0.0, "rule of three")
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 8))


def test_of_few_speakers_there_is_a_figure_and_no_interval(lab: Lab) -> None:
    results, references, clusters = voices(1.0)
    few = {case: result for case, result in results.items() if clusters[case] in SPEAKERS[:5]}
    _, found = figures(lab, "embed", few, references, **clusters)["eer"]
    assert found.value is not None and (found.low, found.high, found.clusters) == (None, None, 5)
    assert found.method == "no interval: of fewer than 6 speakers or recordings draws say nothing"


def test_a_recording_without_a_result_or_a_vector_counts_as_failed_and_one_without_a_label_not_at_all(lab: Lab) -> None:
    results, references, clusters = voices(1.0)
    results["s0-0"], results["s0-1"] = None, SoundVectors(None, [], 0.1)
    references["s1-0"] = Reference(text="of nobody")
    _, found = figures(lab, "embed", results, references, **clusters)["eer"]
    assert (found.n, found.failed) == (23, 2)


def test_classes_have_figures_of_the_whole_corpus(lab: Lab) -> None:
    results: dict[str, Kept | None] = {}
    references = {}
    for number in range(8):
        label, said = ("a", "b")[number % 2], ("a", "b")[number % 2 if number < 6 else 1]
        results[f"c{number}"] = Classification([], {said: 0.8, "ab".replace(said, ""): 0.1}, 1.0)
        references[f"c{number}"] = Reference(labels=[label])
    found = figures(lab, "classify", results, references)
    # Of a: 3 right, 4 true, 3 said; of b: 4, 4, 5.
    assert found["macro_f1"][1].value == pytest.approx((6 / 7 + 8 / 9) / 2)
    assert found["map"][1].value is not None and found["map"][1].n == 8
    references["c0"] = Reference(labels=["unheard of"])
    unknown = figures(lab, "classify", results, references)
    assert unknown["map"][1].value is None
    assert unknown["map"][1].method == "not computed: the model does not know the class unheard of, of 2 that it knows"
    assert unknown["macro_f1"][1].low is not None


def test_other_steps_have_none(lab: Lab) -> None:
    assert corpus_figures(lab, {("system", "asr"): {"one": "0" * 64}}, {"one": None}, {}) == {}


RECALL = Measure("embed", "recall_at_1", "ratio", "higher", "cosine", "1")
EER = Measure("embed", "eer", "ratio", "lower", "cosine, every pair", "1")


def test_systems_show_them_beside_the_others_and_are_told_apart_by_the_others() -> None:
    def interval(value: float) -> Interval:
        return Interval(value, value / 2, value * 2, 4, 4, 0, value, 1.0, "percentile bootstrap, 1,000 draws")

    cases = [Case(str(number), Amounts(1.0, 1.0)) for number in range(4)]
    found = Outcomes(
        *("voices", "1", 4),
        {RECALL: {"one": cases, "two": cases}},
        {},
        {"one": ["m"], "two": ["m"]},
        of_corpus={EER: {"one": interval(0.1), "two": interval(0.2)}},
    )
    stands = standing(found, ["one", "two"])
    assert [measure.metric for measure in stands.main_measures] == ["eer", "recall_at_1"]
    assert {measure.metric for measure, _ in stands.comparisons} == {"recall_at_1"}
    told = standing_document(stands, {})["systems"][1]["metrics"]["eer"]
    assert (told["value"], told["low"], told["high"], told["n"], told["worst_slice"]) == (0.2, 0.1, 0.4, 4, None)
    said = verdict(stands, {})[0]
    assert said.startswith("one has the lowest ")
    assert said.endswith("Systems are not compared by it, for it is of all recordings together.")
