"""An inventory in sentences: what is verified, and what is not, each with the command that would change it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from modellab.arsenal.inventory import Arsenal, ModelEntry
from modellab.units import plural

_MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not verified."""

    said: str
    command: str | None = None
    """What would verify it; None where no command would."""


def verified(found: Arsenal) -> list[str]:
    """What is, in a few sentences."""
    folders = len({one.model.partition(":")[0] for one in found.models})
    measured = [one for one in found.datasets if one.systems]
    used = [one for one in found.use_cases if one.in_use]
    return [
        f"{plural(folders, 'model')} in {plural(len(found.models), 'variant')}: "
        f"{sum(map(_ran, found.models))} ran here, "
        f"{sum(one.verified == 'scored' for one in found.models)} have scores.",
        f"{plural(len(found.datasets), 'dataset')}: on {len(measured)} something was measured.",
        f"{plural(len(found.pipelines), 'pipeline')}: {sum(bool(one.runs) for one in found.pipelines)} ran, "
        f"{sum(bool(one.datasets) for one in found.pipelines)} have scores.",
        f"{plural(len(found.use_cases), 'use case')}: {len(used)} with a system in use, "
        f"{sum(one.recommended is not None for one in found.use_cases)} with evidence for one.",
        _gated(found),
    ]


def _gated(found: Arsenal) -> str:
    if not found.gates:
        return "The regression gate has judged nothing yet."
    counts = sorted(Counter(str(one["verdict"]) for one in found.gates).items())
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts)
    watched = plural(len(found.gates), "system on a dataset", "systems on datasets")
    return f"The regression gate, by its last word on {watched}: {told}."


def _ran(one: ModelEntry) -> bool:
    return one.inputs > 0


def gaps(found: Arsenal) -> list[Gap]:
    """What is not verified, what matters most first."""
    return [*_in_use(found), *_models(found), *_datasets(found), *_pipelines(found), *_files(found)]


def _in_use(found: Arsenal) -> Iterator[Gap]:
    for one in found.use_cases:
        if one.in_use and one.verdict == "overridden":
            yield Gap(
                f"{one.in_use} is in use for {one.use_case} against the evidence",
                f"modellab promotions show {one.use_case}",
            )
        elif one.in_use is None and one.recommended:
            yield Gap(
                f"nothing is in use for {one.use_case}, though there is evidence for {one.recommended}",
                f"modellab promote {one.recommended} --use-case {one.use_case}",
            )
        elif one.recommended is None:
            yield Gap(f"no system has enough evidence for {one.use_case}", next(iter(one.commands), None))
    for gate in found.gates:
        if gate["verdict"] in ("regressed", "not measured", "doubtful"):
            said = {"regressed": "got worse", "not measured": "could not be measured", "doubtful": "may have got worse"}
            yield Gap(
                f"{gate['system']} ({gate['status']}) {said[gate['verdict']]} on {gate['dataset']} on {gate['at']}",
                f"modellab regress -d {gate['dataset']} -m {gate['system']}",
            )


def _models(found: Arsenal) -> Iterator[Gap]:
    unscored = [one for one in found.models if one.verified == "ran, never scored"]
    if unscored:
        yield Gap(f"ran here and was never scored: {_named([one.model for one in unscored])}")
    here = [one for one in found.models if one.verified == "never run" and one.here == "here"]
    if here:
        yield Gap(f"could run here and never did: {_named([one.model for one in here])}")
    away = [one for one in found.models if one.verified == "never run" and one.here != "here"]
    if away:
        yield Gap(f"would be downloaded first, and never ran: {_named([one.model for one in away])}")
    lacking = [one for one in found.models if one.verified == "can't run here"]
    if lacking:
        yield Gap(f"can't run on this machine: {_named([f'{one.model} ({one.here})' for one in lacking])}")
    contradicted = [one for one in found.models if one.claims.get("contradicted")]
    if contradicted:
        names = [f"{one.model} ({one.claims['contradicted']})" for one in contradicted]
        yield Gap(f"makers' claims that what was measured contradicts: {_named(names)}", "modellab findings")
    unheld = sum(one.claims.get("not measured", 0) + one.claims.get("not comparable", 0) for one in found.models)
    if unheld:
        yield Gap(
            f"{plural(unheld, 'claim')} of makers about variants: nothing comparable was measured", "modellab findings"
        )


def _datasets(found: Arsenal) -> Iterator[Gap]:
    for one in found.datasets:
        if not one.systems:
            older = f", only on version {', '.join(one.before)}" if one.before else ""
            here = [
                model.keys[one.surface] for model in found.models if model.here == "here" and one.surface in model.keys
            ]
            measuring = f"modellab bench --dataset {one.dataset} --models {','.join(here)}"
            looking = f"modellab datasets show {one.dataset}"
            yield Gap(f"nothing was measured on {one.dataset} {one.version}{older}", measuring if here else looking)
        if one.lost:
            lost = f"{one.lost} of {plural(one.cases, 'case')} of {one.dataset} can't be had"
            yield Gap(lost, f"modellab datasets check {one.dataset}")


def _pipelines(found: Arsenal) -> Iterator[Gap]:
    for one in found.pipelines:
        if one.lacks:
            yield Gap(f"the pipeline {one.pipeline} can't run here: {one.lacks}")
    if never := [one.pipeline for one in found.pipelines if not one.lacks and not one.runs]:
        yield Gap(f"pipelines that were never run: {', '.join(never)}", "modellab run FILE --pipeline NAME")


def _files(found: Arsenal) -> Iterator[Gap]:
    yield from (Gap(f"a file is of no use: {one}") for one in found.broken)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
