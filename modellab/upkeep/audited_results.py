"""Results as they lie on the disk: manifests, bytes, fingerprints worked out again, what stays of pruned ones."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from modellab.artifacts.fingerprint import SCHEME, fingerprint, identity_of
from modellab.artifacts.pruned import ENDING
from modellab.artifacts.store import MANIFEST, Artifact, ArtifactStore
from modellab.errors import ArtifactCorrupt
from modellab.files import SET_ASIDE
from modellab.settings import Lab
from modellab.upkeep.findings import Finding

AGAIN = "--fix moves it aside; the next run that needs it makes it again."


def results(lab: Lab, places: Sequence[Path], *, quick: bool, progress: Callable[[float], None]) -> Iterator[Finding]:
    """What is wrong with results in some folders.

    Args:
        places: some of `ArtifactStore.places()`.
        quick: compare sizes, not bytes.
        progress: told which share was looked at.
    """
    for done, place in enumerate(places, start=1):
        where = str(place.relative_to(lab.home))
        try:
            found = ArtifactStore.look(place, thorough=not quick)
        except OSError as error:
            found = f"it can't be read: {error.strerror or error}"
        if isinstance(found, str):
            yield Finding("damaged result", where, f"{found}.", AGAIN, fixable=True, sources=(place.name,))
        elif found is not None:
            yield from _of_whole(found, where)
        progress(done / len(places))


def _of_whole(artifact: Artifact, where: str) -> Iterator[Finding]:
    if wrong := _wrong_fingerprint(artifact):
        yield Finding("wrong fingerprint", where, wrong, AGAIN, fixable=True, sources=(artifact.fingerprint,))
    listed = {MANIFEST, *artifact.manifest["files"]}
    there = {str(path.relative_to(artifact.path)) for path in artifact.path.rglob("*") if path.is_file()}
    if more := sorted(there - listed):
        said = f"it has files that its manifest does not list: {', '.join(more[:5])}{', …' if len(more) > 5 else ''}."
        remedy = "Nothing serves them. Move them out of the lab if they are yours."
        yield Finding("unlisted file", where, said, remedy, fixable=False, sources=(artifact.fingerprint,))


def _wrong_fingerprint(artifact: Artifact) -> str | None:
    """What is wrong with its name; None where it is right, or of a scheme that names were worked out otherwise in."""
    recorded = artifact.manifest["identity"]
    if recorded.get("scheme") != SCHEME:
        return None
    try:
        found = fingerprint(identity_of(recorded))
    except (TypeError, KeyError, AttributeError) as error:
        return f"its identity can't be read: {error}."
    if found != artifact.fingerprint:
        return f"what its manifest says it depends on has the fingerprint {found[:16]}…: that is another result's."
    return None


def pruned_results(lab: Lab) -> Iterator[Finding]:
    """What stays of pruned results and can't be read."""
    store = ArtifactStore(lab.artifacts).pruned
    for path in store.places():
        name = path.name.removesuffix(ENDING)
        try:
            store.read(path.parent.parent.name, name)
        except ArtifactCorrupt as error:
            remedy = "Its rows stay in the database that there is. Running the recording again makes the result anew."
            where = str(path.relative_to(lab.home))
            yield Finding("damaged pruned result", where, f"{error.found}.", remedy, fixable=False, sources=(name,))


def set_aside(lab: Lab, step: str, name: str) -> Path | None:
    """Where a damaged result was moved; None where it was not."""
    return next((lab.home / SET_ASIDE).glob(f"*-{step}-{name[:16]}"), None)
