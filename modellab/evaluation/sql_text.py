"""Statements that a finding rests on, as they can be given to `modellab sql`: with their values in them."""

from collections.abc import Sequence

from modellab.evaluation.outcomes import Measure


def literal(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def cases_of(dataset: str, version: str, tag: str | None = None, value: str | None = None) -> str:
    """Cases of a dataset, all of them or those of one slice."""
    where = f"dataset = {literal(dataset)} AND version = {literal(version)}"
    if tag is not None and value is not None:
        path = '$."' + tag.replace('"', '\\"') + '"'
        where += f" AND json_extract_string(tags, {literal(path)}) = {literal(value)}"
    return f"SELECT case_id FROM current_cases WHERE {where}"


def outcomes_of(
    dataset: str,
    version: str,
    measure: Measure,
    systems: Sequence[str],
    *,
    known: Sequence[str],
    slice_of: tuple[str, str] | None = None,
) -> str:
    """The rows that figures of some systems by one measure are sums of.

    Args:
        systems: as `Outcomes` names them: with `on` and the device where there are several.
        known: keys of systems.
        slice_of: only cases with this tag of this value.
    """
    within = f" AND case_id IN ({cases_of(dataset, version, *slice_of)})" if slice_of else ""
    return (
        "SELECT case_id, system, device, numerator, denominator, error, fingerprint FROM case_outcomes"
        f" WHERE dataset = {literal(dataset)} AND dataset_version = {literal(version)} AND {by(measure)}"
        f" AND ({' OR '.join(_is(system, known) for system in systems)}){within} ORDER BY case_id, system, device"
    )


def by(measure: Measure) -> str:
    """The condition that picks one measure."""
    names = ("step", "metric", "protocol", "scorer_version")
    return " AND ".join(f"{name} = {literal(getattr(measure, name))}" for name in names)


def key_in(system: str, known: Sequence[str]) -> str:
    """The key of a system that may be named with its device."""
    return next((key for key in known if system == key or system.startswith(f"{key} on ")), system)


def _is(system: str, known: Sequence[str]) -> str:
    key = key_in(system, known)
    if key == system:
        return f"system = {literal(key)}"
    device = system.removeprefix(f"{key} on ")
    return f"system = {literal(key)} AND coalesce(device, 'an unknown device') = {literal(device)}"
