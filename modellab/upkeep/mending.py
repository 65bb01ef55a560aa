"""Putting right what an audit found, as far as it can be derived from what is there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from modellab.artifacts.store import ArtifactStore
from modellab.files import SET_ASIDE
from modellab.settings import Lab
from modellab.upkeep.findings import Finding, FindingKind
from modellab.warehouse.builder import repair
from modellab.warehouse.database_file import set_aside
from modellab.warehouse.held import Sources, attached, gone_files, lake_troubles, restore_lake
from modellab.warehouse.lake import LakeFile
from modellab.warehouse.recovery import Repair

_WRITTEN = "Its rows were written again: from records and results, and where these are gone from the database."
_DONE: Mapping[FindingKind, str] = {
    "rows differ": "Its rows were made again.",
    "lake file gone": _WRITTEN,
    "lake file damaged": _WRITTEN,
    "lake lacks rows": _WRITTEN,
}
_OF_LAKE = _DONE.keys() - {"rows differ"}


def mend(lab: Lab, findings: Sequence[Finding], sources: Sources) -> list[Finding]:
    """The findings, with what was done about each.

    Results first: their rows stay as they are while they are moved. Then the lake, which the rows are taken out of.

    Args:
        sources: records and results as the audit found them.
    """
    done = {"damaged result": _move_result, "wrong fingerprint": _move_result}
    mended = [done[one.kind](lab, one) if one.kind in done else one for one in findings]
    again = [name for one in mended if one.kind == "rows differ" for name in one.sources]
    of_lake = any(one.kind in _OF_LAKE for one in mended)
    if of_lake:
        again += [name for one in mended if one.kind == "lake lacks rows" for name in one.sources if name in sources]
    lost = _restore_lake(lab, again) if of_lake else []
    if again or of_lake:
        repair(lab, Repair([(folder, name) for name in dict.fromkeys(again) for folder in sources[name]], lost))
    return [replace(one, fixed=True, remedy=_DONE[one.kind]) if one.kind in _DONE else one for one in mended]


def _move_result(lab: Lab, one: Finding) -> Finding:
    """Move a damaged result aside, and one that is whole and has another's name."""
    place = lab.home / one.where
    store = ArtifactStore(lab.artifacts)
    if store.check(place) is None:
        store.set_aside(place.parent.parent.name, place.name, one.what)
    remedy = f"It was moved to {lab.home / SET_ASIDE}; the next run that needs it makes it again."
    return replace(one, fixed=True, remedy=remedy)


def _restore_lake(lab: Lab, again: Sequence[str]) -> list[LakeFile]:
    """Write the rows that the lake lacks and only the database has; gives the files that are there no more.

    Args:
        again: sources whose rows are made again.
    """
    with attached(lab) as connection:
        lost = gone_files(lab, connection)
        for trouble in list(lake_troubles(lab, connection, again)):
            restore_lake(lab, connection, trouble)
            for file, _ in trouble.unreadable:
                set_aside(file.path, lab)
                lost.append(file)
    return lost
