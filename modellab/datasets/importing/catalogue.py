"""The layouts there are, and which of them a folder has."""

from modellab.datasets.importing import (
    ami,
    audiofolder,
    beside,
    common_voice,
    esc50,
    kaldi,
    lhotse,
    librispeech,
    musdb,
    nemo,
    pairs,
    transcripts_tsv,
    voxconverse,
)
from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import Account, Layout
from modellab.errors import UsageError
from modellab.names import one_of

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (
        beside,
        transcripts_tsv,
        nemo,
        kaldi,
        lhotse,
        librispeech,
        ami,
        voxconverse,
        common_voice,
        audiofolder,
        esc50,
        musdb,
        pairs,
    )
}


def layout_of(folder: Folder, name: str | None, account: Account) -> Layout:
    """The layout of a folder: as it is called, else the only one that the folder looks like.

    Args:
        account: is told what else the folder could be.

    Raises:
        UnknownName: there is none of that name.
        UsageError: the folder looks like none, or like several.
    """
    if name is not None:
        return LAYOUTS[one_of("format", name, LAYOUTS)]
    found = [layout for layout in LAYOUTS.values() if layout.detects(folder)]
    named = [layout for layout in found if not layout.is_general]
    if len(chosen := named or found) == 1:
        others = [other.name for other in found if other is not chosen[0]]
        if others and chosen[0] is not transcripts_tsv.LAYOUT:
            account.note(f"read as {chosen[0].name}; what --format {' or '.join(others)} would read is left out")
        return chosen[0]
    if not found:
        raise UsageError(
            f"{folder.root} is in none of the known formats",
            found=f"{len(folder.media)} recordings among {len(folder.files)} files",
            allowed="; ".join(f"{layout.name} ({layout.looks_like})" for layout in LAYOUTS.values()),
        )
    raise UsageError(
        f"{folder.root} could be in several formats",
        found=[f"{layout.name}: {layout.looks_like}" for layout in chosen],
        hint=f"Say which: --format {chosen[0].name}",
    )
