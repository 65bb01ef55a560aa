"""Statements that a finding rests on, as they can be given to `modellab sql`: with their values in them."""

from collections.abc import Sequence

from modellab.evaluation.claims import Claim
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


def flags_of(dataset: str, version: str, system: str) -> str:
    """Words of a system's last transcripts of a dataset's recordings that readers are told were probably never said."""
    return (
        "SELECT latest.input, flags.kind, flags.start_s, flags.end_s, flags.text, flags.why"
        " FROM latest_results AS latest JOIN flags USING (fingerprint)"
        f" WHERE latest.kind = 'flags' AND flags.strength = 'strong' AND latest.system = {literal(system)}"
        " AND latest.input IN (SELECT input FROM current_cases"
        f" WHERE dataset = {literal(dataset)} AND version = {literal(version)}) ORDER BY ALL"
    )


def claim_beside(dataset: str, version: str, measure: Measure, system: str, claim: Claim) -> str:
    """A claim beside each case that the figure it is held against is a sum of."""
    return (
        "SELECT claims.value AS claimed, claims.unit AS claimed_unit, claims.protocol AS claimed_protocol, stated_in,"
        " outcomes.* FROM current_claims AS claims, (SELECT case_id, system, device, numerator, denominator, error"
        f" FROM case_outcomes WHERE dataset = {literal(dataset)} AND dataset_version = {literal(version)}"
        f" AND {by(measure)} AND system = {literal(system)}) AS outcomes"
        f" WHERE claims.model_id = {literal(claim.model_id)}"
        f" AND claims.variant IS NOT DISTINCT FROM {literal(claim.variant) if claim.variant else 'NULL'}"
        f" AND claims.metric = {literal(claim.metric)} AND claims.dataset = {literal(claim.dataset)}"
        f" AND claims.protocol = {literal(claim.protocol)} ORDER BY case_id, device"
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
