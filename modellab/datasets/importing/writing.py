"""Found cases as a manifest: its ids, places and references, and the files that lie beside it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from modellab.datasets.importing.case_ids import case_ids
from modellab.datasets.importing.found import Account, FoundCase, Given
from modellab.datasets.manifest import TASKS, Case, ReferenceGiven, Stretch, Task
from modellab.datasets.places import FilePlace, FolderPlace
from modellab.formats.ctm import to_ctm
from modellab.formats.rttm import to_rttm
from modellab.formats.spoken import SpokenText, to_stm
from modellab.formats.uem import to_uem

_MEDIA, _REFERENCES = "media", "references"
_BLOCK_BYTES = 1 << 20

MediaPlace = Callable[[str], FilePlace]
"""Makes of a file below the folder of media a place with its digest."""


def in_folder(given: Given, name: str, digest: Callable[[Path], str]) -> MediaPlace:
    """Media stay where they are, in a folder of that name."""
    return lambda file: FolderPlace(folder=name, file=file, sha256=digest(given.media.path(file)))


def copied(given: Given, beside: Path) -> MediaPlace:
    """Media are copied to lie beside the manifest, and read once."""

    def copy(file: str) -> FilePlace:
        target = beside / _MEDIA / file
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with given.media.path(file).open("rb") as source, target.open("wb") as kept:
            while block := source.read(_BLOCK_BYTES):
                digest.update(block)
                kept.write(block)
        return FilePlace(file=f"{_MEDIA}/{file}", sha256=digest.hexdigest())

    return copy


def to_cases(found: Sequence[FoundCase], given: Given, beside: Path, place: MediaPlace) -> Iterator[Case]:
    """The manifest's cases, in the order found, one by one while their media are read.

    Args:
        beside: the folder that will hold the manifest; references that are too long for it are written there.
        place: where a file of media is, with its digest.
    """
    known: dict[str, FilePlace] = {}

    def once(file: str) -> FilePlace | None:
        try:
            return known.get(file) or known.setdefault(file, place(file))
        except OSError as error:
            given.account.problem(case.place, f"{file} can't be read: {error.strerror}")
            return None

    for case, name in zip(found, case_ids([case.name for case in found]), strict=True):
        source = once(case.media)
        sounds = {key: at for key, file in case.sounds.items() if (at := once(file))}
        if source is not None and len(sounds) == len(case.sounds):
            yield Case(
                id=name,
                source=source,
                language=case.language,
                speakers=_each_once(case.all_speakers),
                tags={_name(tag): _name(value) for tag, value in case.tags.items() if _name(value)},
                reference=_reference(case, name, given, beside, sounds),
            )


def once_each(cases: Iterable[FoundCase], account: Account) -> list[FoundCase]:
    """Cases of different recordings: one that is there again is a problem, and so is one of which nothing is known."""
    kept: dict[str, FoundCase] = {}
    for case in cases:
        if not (case.is_judged or case.sounds or case.all_speakers):
            account.problem(case.place, f"nothing is said of {case.media}, by which a result could be judged")
            continue
        first = kept.setdefault(case.media, case)
        if first is not case:
            account.problem(case.place, f"{case.media} is there twice, first in {first.place}")
    return list(kept.values())


def tasks_of(cases: Iterable[FoundCase]) -> list[Task]:
    """What the references allow to judge."""
    found: set[Task] = set()
    for case in cases:
        if any(part is not None for part in (case.text, case.spoken, case.words, case.textgrid)):
            found.add("asr")
        if case.spoken is not None and len({one.speaker for one in case.spoken}) > 1:
            found.add("meeting")
        if case.turns is not None:
            found.add("diarization")
        if case.speech is not None:
            found.add("vad")
        if case.labels is not None:
            found.add("classify")
        if case.clean:
            found.add("enhance")
        if case.stems:
            found.add("separate")
        if case.midi is not None:
            found.add("music_transcription")
        if case.translations:
            found.add("translate")
    # Where nobody knows more than who speaks, voices can be told apart.
    return [task for task in TASKS if task in found] or ["embed"]


def _reference(case: FoundCase, name: str, given: Given, beside: Path, sounds: dict[str, FilePlace]) -> ReferenceGiven:
    folder = beside / _REFERENCES

    def written(ending: str, text: str) -> FilePlace:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}{ending}").write_text(text, "utf-8", newline="")
        return FilePlace(file=f"{_REFERENCES}/{name}{ending}")

    def copy(file: str, ending: str) -> FilePlace:
        folder.mkdir(parents=True, exist_ok=True)
        data = given.folder.path(file).read_bytes()
        (folder / f"{name}{ending}").write_bytes(data)
        return FilePlace(file=f"{_REFERENCES}/{name}{ending}", sha256=hashlib.sha256(data).hexdigest())

    last_s = max((word.end_s for word in case.words or ()), default=0.0)
    return ReferenceGiven(
        text=None if case.text is None else " ".join(case.text.split()),
        stm=None if case.spoken is None else written(".stm", to_stm(_called(name, case))),
        rttm=None if case.turns is None else written(".rttm", to_rttm(case.turns, name)),
        uem=None if case.evaluated is None else written(".uem", to_uem(case.evaluated, name)),
        ctm=None if case.words is None else written(".ctm", to_ctm(case.words, name, duration_s=last_s + 1.0)),
        textgrid=None if case.textgrid is None else copy(case.textgrid, ".TextGrid"),
        speech=None if case.speech is None else [Stretch(start_s=s.start_s, end_s=s.end_s) for s in case.speech],
        labels=None if case.labels is None else _each_once(case.labels),
        midi=None if case.midi is None else copy(case.midi, ".mid"),
        translations={language: " ".join(said.split()) for language, said in case.translations.items()},
        clean=sounds.get("clean"),
        stems={_name(stem): sounds[f"stems.{stem}"] for stem in case.stems},
    )


def _called(name: str, case: FoundCase) -> Iterator[SpokenText]:
    return (replace(one, recording=name) for one in case.spoken or ())


def _each_once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for each in names if (name := _name(each))))


def _name(text: str) -> str:
    """A name on one line, of characters that can be seen."""
    return "".join(character if character.isprintable() else "_" for character in " ".join(text.split()))
