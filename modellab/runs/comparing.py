"""Two systems over what is stored: figures, verdict, slices, what they do differently, and the words that differ."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.reference import Reference
from modellab.datasets.references import References
from modellab.errors import InputRefused, LabError, UsageError
from modellab.evaluation.comparison import (
    CasePair,
    StepDifference,
    Verdict,
    amounts_document,
    differing,
    paired_cases,
    stored_steps,
    verdicts,
)
from modellab.evaluation.documents import standing_document
from modellab.evaluation.measured import Measured, measured
from modellab.evaluation.outcomes import Outcomes, outcomes
from modellab.evaluation.speed import StepSpeed, speeds
from modellab.evaluation.standing import Standing, standing
from modellab.inputs.registered import RegisteredInput
from modellab.inputs.store import InputStore
from modellab.metrics.side_by_side import Difference, differences
from modellab.pipeline.system import resolve_system
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Transcript
from modellab.warehouse.query import query

CASES = 5
"""So many cases are shown with their words unless more are asked for."""
_TEXTS = """
SELECT one.input, one.step, one.fingerprint, other.step AS other_step, other.fingerprint AS other_fingerprint
FROM latest_results AS one JOIN latest_results AS other USING (input)
WHERE one.kind = 'transcript' AND other.kind = 'transcript' AND one.system = ? AND other.system = ?
ORDER BY one.input
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of two transcripts of one recording that differ, and where to hear them."""

    input: str
    audio: Path | None
    """The lab's copy of the recording; None where it is gone."""
    words: tuple[Difference, ...] | None
    """In order of time; without a reference `first_errors` is 0 and `reference` what the first wrote. None where what
    was judged are no transcripts, or `missing` says why."""
    missing: str | None = None
    """Why the words of transcripts can't be shown."""

    @property
    def edits(self) -> int:
        """By how many words the second differs from what it is held against."""
        return sum(one.second_errors for one in self.words or ())

    def document(self, *, with_reference: bool) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "input": self.input,
            "audio": self.audio,
            "words": None
            if self.words is None
            else [_stretch(one, with_reference=with_reference) for one in self.words],
            "missing": self.missing,
        }


@dataclass(frozen=True, slots=True)
class OnDataset:
    """Two systems on one dataset."""

    standing: Standing
    speeds: dict[str, list[StepSpeed]]
    verdicts: tuple[Verdict, ...]
    cases: tuple[tuple[CasePair, Heard], ...]
    """Those that tell the systems apart most, by the verdict `lead`."""
    ways: tuple[str, ...]
    """Commands that make results that are missing."""

    @property
    def lead(self) -> Verdict | None:
        """The first verdict with anything to compare; there is none in word errors where nobody speaks."""
        return _lead(self.verdicts)

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        cases = [
            {
                "case": one.case_id,
                "a": amounts_document(one.a),
                "b": amounts_document(one.b),
                **heard.document(with_reference=True),
            }
            for one, heard in self.cases
        ]
        told = {"comparisons": [one.document() for one in self.verdicts], "per_case": cases, "ways": list(self.ways)}
        return {**standing_document(self.standing, self.speeds), **told}


@dataclass(frozen=True, slots=True)
class Compared:
    """All that is known of two systems beside each other."""

    a: str
    b: str
    differs: tuple[StepDifference, ...]
    datasets: tuple[OnDataset, ...]
    texts: tuple[Heard, ...] | None
    """Recordings that both transcribed, those that differ most first; None where datasets say who is right."""

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        texts = None if self.texts is None else [_text(one) for one in self.texts]
        return {
            "a": self.a,
            "b": self.b,
            "differs": [asdict(one) for one in self.differs],
            "datasets": [one.document() for one in self.datasets],
            "texts": texts,
        }


def stored_key(lab: Lab, name: str) -> str:
    """The key of a system as it is stored: `faster_whisper` is `faster_whisper:base`. What means nothing now may still
    be stored, and is left as it is."""
    try:
        return resolve_system(name, ModelRegistry(), lab).key
    except LabError:
        return name


def compare(lab: Lab, a: str, b: str, *, dataset: str | None = None, cases: int = CASES) -> Compared:
    """Hold two systems beside each other, over what is stored: nothing runs.

    Args:
        a: key of a system: a model, a pipeline, a pipeline with overrides.
        b: of another.
        dataset: only on this one; else on all on which both were measured, and where there is none, their texts.
        cases: of so many the words that differ are looked for.

    Raises:
        UsageError: both are one system, or nothing is stored that both did.
    """
    keys = stored_key(lab, a), stored_key(lab, b)
    every = measured(lab)
    both = [one for one in every if set(keys) <= set(one.systems) and dataset in (None, one.dataset)]
    if dataset is not None and not both:
        raise _not_measured(every, keys, dataset)
    compared = tuple(found for one in both if (found := _on_dataset(lab, one, keys, cases)) is not None)
    if keys[0] == keys[1] and not compared:
        raise UsageError("a comparison needs two systems", found=f"{keys[0]} twice, measured on one kind of device")
    texts = None
    if not compared:
        texts = _texts(lab, keys, cases)
        if not texts:
            raise UsageError(
                f"there is nothing that both {keys[0]} and {keys[1]} did",
                hint=f"modellab bench --dataset DATASET --models {keys[0]},{keys[1]} measures both on the same.",
            )
    steps = differing(*(stored_steps(lab, key) for key in keys))
    return Compared(*keys, tuple(steps), compared, texts)


def _not_measured(every: Sequence[Measured], keys: tuple[str, str], dataset: str) -> UsageError:
    systems = next((one.systems for one in every if one.dataset == dataset), ())
    lacking = [key for key in dict.fromkeys(keys) if key not in systems]
    return UsageError(
        f"{' and '.join(lacking)} {'was' if len(lacking) == 1 else 'were'} not measured on {dataset}",
        allowed=f"systems measured on it: {', '.join(systems) or 'none'}",
        hint=bench_command(dataset, keys),
    )


def bench_command(dataset: str, systems: Sequence[str]) -> str:
    """What measures systems on a dataset."""
    return f"modellab bench --dataset {dataset} --models {','.join(dict.fromkeys(systems))}"


def _on_dataset(lab: Lab, one: Measured, keys: tuple[str, str], most: int) -> OnDataset | None:
    """None where both are one system, measured on one kind of device."""
    found = outcomes(lab, one.dataset, one.version, keys)
    stands = standing(found, list(dict.fromkeys(keys)))
    if len(stands.systems) == 1:
        return None
    judged = tuple(verdicts(found, stands))
    ways = [bench_command(one.dataset, keys)] if any(each.cases < stands.cases for each in stands.systems) else []
    return OnDataset(
        stands,
        speeds(lab, one.dataset, one.version, keys),
        judged,
        tuple(_heard_cases(lab, found, lead, most)) if (lead := _lead(judged)) else (),
        tuple(ways),
    )


def _lead(listed: Sequence[Verdict]) -> Verdict | None:
    return next((one for one in listed if one.versus.comparison.difference is not None), None)


def _heard_cases(lab: Lab, found: Outcomes, verdict: Verdict, most: int) -> list[tuple[CasePair, Heard]]:
    listed = paired_cases(found, verdict)[:most]
    return [(one, heard_case(lab, found.dataset, verdict.measure.step, one)) for one in listed]


def heard_case(lab: Lab, dataset: str, step: str, one: CasePair) -> Heard:
    """The words of a dataset's case in which the results of a step differ."""
    source = _source(lab, one.input)
    audio = source.path if source else None
    found = [ArtifactStore(lab.artifacts).find(step, name) if name else None for name in one.fingerprints]
    first, second = found
    if first is None or second is None:
        store = ArtifactStore(lab.artifacts)
        kept = [store.pruned.read(step, name) for name in one.fingerprints if name]
        said = next((f"a result of one of them was {each.said}" for each in kept if each), None)
        return Heard(one.input, audio, None, said or "a result of one of them is missing")
    if not first.holds(Transcript) or not second.holds(Transcript):
        return Heard(one.input, audio, None)
    reference = _reference(lab, source, dataset, one.case_id) if source else None
    if reference is None:
        return Heard(one.input, audio, None, "the lab has its reference no more")
    words = differences(reference, first.read(Transcript), second.read(Transcript))
    return Heard(one.input, audio, tuple(words))


def _texts(lab: Lab, keys: tuple[str, str], most: int) -> tuple[Heard, ...]:
    heard = []
    for source, step, fingerprint, other_step, other_fingerprint in query(lab, _TEXTS, keys).rows:
        first = _transcript(lab, step, fingerprint)
        second = _transcript(lab, other_step, other_fingerprint)
        if first is None or second is None:
            continue
        known = _source(lab, source)
        as_reference = Reference(first.language or second.language, first.text)
        words = tuple(differences(as_reference, first, second))
        heard.append(Heard(source, known.path if known else None, words))
    return tuple(sorted(heard, key=lambda one: (-one.edits, one.input))[:most])


def _transcript(lab: Lab, step: str, fingerprint: str) -> Transcript | None:
    artifact = ArtifactStore(lab.artifacts).find(step, fingerprint)
    return artifact.read(Transcript) if artifact else None


def _source(lab: Lab, key: str) -> RegisteredInput | None:
    try:
        return InputStore(lab).get(key)
    except (InputRefused, UsageError):
        return None  # it was removed from the lab; what is known of it stays


def _reference(lab: Lab, source: RegisteredInput, dataset: str, case_id: str) -> Reference | None:
    references = References(lab.references)
    for known in references.of(source.sha256):
        if (known.case.dataset, known.case.case_id) == (dataset, case_id):
            return references.read(known.reference)
    return None


def _stretch(one: Difference, *, with_reference: bool) -> dict[str, Any]:
    place = {"start_s": one.where.start_s, "end_s": one.where.end_s} if one.where else {"start_s": None, "end_s": None}
    if not with_reference:
        return {"a": one.first, "b": one.second, **place}
    errors = {"a_errors": one.first_errors, "b_errors": one.second_errors}
    return {"reference": one.reference, "a": one.first, "b": one.second, **errors, **place}


def _text(one: Heard) -> dict[str, Any]:
    return {**one.document(with_reference=False), "differing_words": one.edits}
