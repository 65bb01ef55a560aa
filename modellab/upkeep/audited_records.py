"""Records, and what they name: results, runs, inputs, references, names and events that should be there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.artifacts.store import ArtifactStore
from modellab.datasets.references import References
from modellab.errors import ArtifactCorrupt, InputDamaged, LabError
from modellab.inputs.registered import check_copy
from modellab.inputs.store import InputStore
from modellab.pipeline.event_file import finished_events
from modellab.settings import Lab
from modellab.steps.speaker_names import SpeakerNames
from modellab.upkeep.audited_results import set_aside
from modellab.upkeep.findings import Finding, FindingKind
from modellab.warehouse.held import Sources
from modellab.warehouse.query import query
from modellab.warehouse.records import RecordStore

_USED = """
SELECT
    fingerprint, any_value(step) AS step,
    arg_max({'run': run, 'dagster_run_id': dagster_run_id, 'input': input, 'system': system}, started_at) AS last
FROM steps WHERE status = 'completed' AND fingerprint IS NOT NULL GROUP BY fingerprint ORDER BY fingerprint
"""
_RUNNING = "SELECT dagster_run_id FROM run_history WHERE status = 'running'"
_STARTLESS = """
SELECT DISTINCT run, dagster_run_id FROM steps
ANTI JOIN (FROM runs WHERE event = 'started') AS begun USING (run, dagster_run_id) ORDER BY ALL
"""
_UNKNOWN_INPUTS = "SELECT DISTINCT input FROM steps ANTI JOIN inputs USING (input) ORDER BY ALL"
_DECISIONS = "SELECT source, event, subject FROM lifecycle_events WHERE subject_kind = 'run' ORDER BY sequence"


def records(lab: Lab, sources: Sources, progress: Callable[[float], None]) -> Iterator[Finding]:
    """Records that can't be read."""
    for done, (source, folders) in enumerate(sources.items(), start=1):
        for folder in folders:
            if not folder.holds_results and not folder.is_pruned:
                path = folder.path / f"{source}.json"
                try:
                    RecordStore.read(path)
                except ArtifactCorrupt as error:
                    remedy = (
                        "Restore it from a backup. Its rows stay in the database that there is, until it is made anew."
                    )
                    where = str(path.relative_to(lab.home))
                    yield Finding("damaged record", where, f"{error.found}.", remedy, fixable=False, sources=(source,))
        progress(done / len(sources))


def gone_results(lab: Lab, wanted: set[str] | None) -> Iterator[Finding]:
    """Results that steps completed with, and that are neither there nor pruned.

    Args:
        wanted: only of these fingerprints; None: all.
    """
    store = ArtifactStore(lab.artifacts)
    for row in query(lab, _USED).as_records():
        step, name, last = row["step"], row["fingerprint"], row["last"]
        if (wanted is not None and name not in wanted) or store.holds(step, name):
            continue
        if store.pruned.place(step, name).is_file():
            continue
        moved = set_aside(lab, step, name)
        why = f"it was damaged, and moved to {moved}" if moved else "nothing says what became of it"
        said = f"run {last['run']} of {last['system']} completed with it, and it is gone: {why}."
        remedy = f"modellab run {last['input']} --pipeline {last['system']} makes it again; its rows stay."
        yield Finding(
            "result gone", f"artifacts/{step}/{name[:2]}/{name}", said, remedy, fixable=False, sources=(name,)
        )


def orphans(lab: Lab, places: Sequence[Path]) -> Iterator[Finding]:
    """Results that no attempt at a step names, of runs that are over.

    Args:
        places: of results that were there before the database was brought up to date.
    """
    used = {name for (name,) in query(lab, "SELECT DISTINCT fingerprint FROM steps").rows}
    running = {name for (name,) in query(lab, _RUNNING).rows}
    for place in places:
        if place.name not in used:
            found = ArtifactStore.look(place, thorough=False)
            made: Mapping[str, Any] = {} if found is None or isinstance(found, str) else found.manifest["made"]
            if made.get("dagster_run_id") not in running:
                said = f"no attempt at a step names it (made by the Dagster run {made.get('dagster_run_id')})."
                remedy = "It does no harm: the next run that would make it finds it. Move it away to have it made anew."
                where = str(place.relative_to(lab.home))
                yield Finding("orphan result", where, said, remedy, fixable=False, sources=(place.name,))


def runs(lab: Lab) -> Iterator[Finding]:
    """What steps and decisions name, and no record has."""
    for run, dagster_run in query(lab, _STARTLESS).rows:
        said = f"steps of Dagster run {dagster_run} are recorded, and not that it began."
        remedy = "Lists show it by its steps; who launched it, and when it ended, is lost."
        yield Finding("run without a start", f"run {run}", said, remedy, fixable=False)
    for (key,) in query(lab, _UNKNOWN_INPUTS).rows:
        remedy = "Add the recording again: modellab inputs add PATH."
        yield Finding(
            "unknown input", f"input {key}", "steps ran on it, and no record says what it is.", remedy, fixable=False
        )
    known = {f"{run}/{attempt}" for run, attempt in query(lab, "SELECT DISTINCT run, dagster_run_id FROM runs").rows}
    for source, event, subject in query(lab, _DECISIONS).rows:
        if subject not in known:
            said = f"{event}: no run is {subject}."
            remedy = "The record of that run's start is gone; the decision counts for nothing."
            yield Finding(
                "decision about nothing", f"decision {source}", said, remedy, fixable=False, sources=(source,)
            )


def inputs(lab: Lab, wanted: set[str] | None, *, quick: bool) -> Iterator[Finding]:
    """Copies of recordings that are not what was registered."""
    store = InputStore(lab)
    if wanted is None:
        for folder, why in store.unreadable():
            yield Finding("damaged input", f"inputs/{folder}", why, "Add the recording again.", fixable=False)
    for source in store.all():
        if wanted is None or source.key in wanted:
            try:
                if not quick:
                    check_copy(source)
                elif source.path.stat().st_size != source.bytes:
                    raise InputDamaged(f"its copy has another size than the {source.bytes} bytes that were registered")
            except (InputDamaged, OSError) as error:
                what = error.what if isinstance(error, LabError) else str(error)
                hint = error.hint if isinstance(error, LabError) else None
                yield Finding(
                    "damaged input",
                    f"input {source.key}",
                    f"{what}.",
                    hint or "Add the recording again.",
                    fixable=False,
                )


def beside(lab: Lab) -> Iterator[Finding]:
    """References, given names, and events of runs."""
    for path, why in References(lab.references).damage():
        where = str(path.relative_to(lab.home))
        kind: FindingKind = "damaged reference" if path.is_file() else "reference gone"
        yield Finding(
            kind, where, f"{why}.", "Enrol its dataset again: modellab bench --dataset DATASET.", fixable=False
        )
    names = SpeakerNames(lab)
    for name in names.fingerprints():
        try:
            names.of(name)
        except LabError as error:
            yield Finding("damaged names", f"names/{name}.json", f"{error.found}.", str(error.hint), fixable=False)
    known = {name for (name,) in query(lab, "SELECT DISTINCT dagster_run_id FROM runs").rows}
    for path, run, broken in finished_events(lab):
        where = str(path.relative_to(lab.home))
        if broken:
            said = f"{broken} of its lines are no events."
            yield Finding(
                "damaged events",
                where,
                said,
                "Followers leave them out. Records have what came of the run.",
                fixable=False,
            )
        if run not in known:
            remedy = "Delete it: only who follows a run reads it. A month after its end it goes by itself."
            yield Finding("events of no run", where, "no record names that run.", remedy, fixable=False)
