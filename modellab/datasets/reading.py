"""From what a manifest says of a case to its `Reference`: each part read by its format, none guessed.

Parts that follow from others: the text from who said what, else from the words; a voice's prompt from the text that is
to be spoken.
"""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from modellab.datasets.catalogue import Dataset
from modellab.datasets.manifest import ActionGiven, Case, ChapterGiven, Stretch
from modellab.datasets.places import FileSource, Located, TextPlace
from modellab.datasets.planted import read_planted
from modellab.datasets.reference import (
    PlantedTranscript,
    Reference,
    ReferenceAction,
    ReferenceChapter,
    ReferenceNote,
    ReferenceSound,
    ReferenceUtterance,
)
from modellab.datasets.sources import Sources
from modellab.errors import LabError
from modellab.formats.ctm import read_ctm
from modellab.formats.labels import read_labels
from modellab.formats.lines import REFERENCE, Written
from modellab.formats.midi import read_midi
from modellab.formats.rttm import read_rttm
from modellab.formats.spoken import SpokenText, read_seglst, read_stm
from modellab.formats.textgrid import read_textgrid
from modellab.formats.tiers import said_in, words_in
from modellab.formats.uem import read_uem
from modellab.outside import read_json, read_marked_text, read_yaml
from modellab.surfaces.results import Segment, Turn, Word

T = TypeVar("T")
Given = str | FileSource

KeepSound = Callable[[Path], ReferenceSound]
_IGNORED = re.compile(r"ignore_time_segment_in_scoring", re.IGNORECASE)
"""The text of an STM line whose stretch is not scored (sctk's documentation of STM)."""


class ReferenceReader:
    """Reads the references of datasets' cases. A file that many cases share is read once. Threads may share one.

    Args:
        sources: finds the files.
        keep_sound: what to do with the file of a sound; gives the sound as references name it.
    """

    def __init__(self, sources: Sources, keep_sound: KeepSound) -> None:
        self._sources, self._keep_sound = sources, keep_sound
        self._read: dict[tuple[Path, str], Any] = {}
        self._one_at_a_time = threading.Lock()

    def read(self, dataset: Dataset, case: Case, duration_s: float) -> Reference:
        """All that is known of a case.

        Args:
            duration_s: the recording's length; 0 of a text.

        Raises:
            LabError: a file is missing, is another one, or can't be read; the first that is met.
        """
        reference, problems = self.try_read(dataset, case, duration_s)
        for error in problems.values():
            raise error
        return reference

    def try_read(self, dataset: Dataset, case: Case, duration_s: float) -> tuple[Reference, Mapping[str, LabError]]:
        """What can be read of what is known of a case; and key -> error for what can't."""
        reading = _Case(self, dataset, case, duration_s)
        return reading.reference(), reading.problems

    def file(self, place: Located, beside: Path) -> Path:
        return self._sources.find(place, beside)

    def sound(self, place: Located, beside: Path) -> ReferenceSound:
        return self._keep_sound(self.file(place, beside))

    def once(self, path: Path, read: Callable[[Path], T]) -> T:
        """What a file says, read when it is first asked for."""
        key = path, read.__qualname__
        with self._one_at_a_time:
            if key not in self._read:
                self._read[key] = read(path)
            found: T = self._read[key]
        return found


class _Case:
    """One case while its reference is read."""

    def __init__(self, reader: ReferenceReader, dataset: Dataset, case: Case, duration_s: float) -> None:
        self._reader, self._dataset, self._case, self._duration_s = reader, dataset, case, duration_s
        self._given = case.reference
        self._key = ""
        """What is being read."""
        self.problems: dict[str, LabError] = {}

    def reference(self) -> Reference:
        given = self._given
        spoken = self._try("stm", self._spoken, given.stm)
        tiers = self._try("textgrid", lambda place: self._file(place, read_textgrid), given.textgrid)
        utterances, ignored = _utterances(spoken)
        if utterances is None and tiers is not None and (said := said_in(tiers)) is not None:
            utterances = [ReferenceUtterance(one.start_s, one.end_s, one.speaker, one.text) for one in said]
        words = self._try("ctm", self._words, given.ctm)
        if words is None and tiers is not None:
            words = words_in(tiers)
        evaluated = self._try("uem", self._evaluated, given.uem)
        if evaluated is None and ignored:
            evaluated = _without(ignored, self._duration_s)
        text = self._try("text", self._text, given.text)
        prompt = self._try("prompt", self._text, given.prompt)
        if prompt is None and isinstance(self._case.source, TextPlace):
            prompt = self._case.source.text
        return Reference(
            language=self._dataset.manifest.language_of(self._case),
            text=text if text is not None else _text_of(utterances, words),
            names=self._try("names", self._listed_names, given.names),
            utterances=utterances,
            words=words,
            turns=self._try("rttm", self._turns, given.rttm),
            speech=self._try("speech", self._speech, given.speech),
            evaluated=evaluated,
            labels=self._try("labels", self._listed_names, given.labels),
            voices=self._case.speakers or None,
            notes=self._try("midi", self._notes, given.midi),
            clean=self._try("clean", self._sound, given.clean),
            stems={
                name: sound
                for name, place in given.stems.items()
                if (sound := self._try(f"stems.{name}", self._sound, place)) is not None
            },
            prompt=prompt,
            translations=self._translations(given.translations),
            chapters=self._try("chapters", self._chapters, given.chapters),
            summary=self._try("summary", self._text, given.summary),
            actions=self._try("actions", self._actions, given.actions),
            planted=self._try("planted", self._planted, given.planted),
        )

    def _try(self, key: str, read: Callable[[Any], T], given: Any) -> T | None:
        if given is None:
            return None
        self._key = key
        try:
            return read(given)
        except LabError as error:
            self.problems[key] = error
            return None

    def _file(self, place: Located, read: Callable[[Path], T]) -> T:
        return self._reader.once(self._reader.file(place, self._dataset.folder), read)

    def _lines(self, given: Given, read: Callable[[Path | Written], T]) -> T:
        """What a format of lines says, in a file or in the manifest."""
        if isinstance(given, str):
            return read(Written(f"`{self._key}` of case {self._case.id}", given))
        return self._file(given, read)

    def _own(self, by_recording: Mapping[str, list[T]], given: Given) -> list[T]:
        """Of what a file says of recordings, what it says of this one.

        Raises:
            LabError: it names several, and none of them is this one.
        """
        case = self._case
        if case.recording is not None and case.recording in by_recording:
            return by_recording[case.recording]
        names = [name for name in (_stem(case), case.id) if name in by_recording]
        if case.recording is None and names:
            return by_recording[names[0]]
        if len(by_recording) <= 1 and case.recording is None:
            return next(iter(by_recording.values()), [])
        raise LabError(
            f"{'the text' if isinstance(given, str) else given} has nothing of this recording",
            found=", ".join(sorted(by_recording)[:10]) or "no recording",
            allowed=case.recording or f"{_stem(case)} or {case.id}",
            hint="Say with `recording` what it calls this one.",
        )

    def _spoken(self, given: Given) -> list[SpokenText]:
        is_json = not isinstance(given, str) and _ending(given) == ".json"
        found = (
            self._file(given, read_seglst) if is_json and not isinstance(given, str) else self._lines(given, read_stm)
        )
        by_recording: dict[str, list[SpokenText]] = {}
        for one in found:
            by_recording.setdefault(one.recording, []).append(one)
        return self._own(by_recording, given)

    def _turns(self, given: Given) -> list[Turn]:
        return self._own(self._lines(given, read_rttm), given)

    def _words(self, given: Given) -> list[Word]:
        return self._own(self._lines(given, read_ctm), given)

    def _evaluated(self, given: Given) -> list[Segment]:
        return joined(self._own(self._lines(given, read_uem), given))

    def _speech(self, given: list[Stretch] | FileSource) -> list[Segment]:
        if isinstance(given, list):
            if wrong := next((one for one in given if one.end_s <= one.start_s), None):
                raise LabError("a stretch of speech ends before it begins", found=f"[{wrong.start_s}, {wrong.end_s}]")
            return joined(Segment(one.start_s, one.end_s) for one in given)
        if _ending(given) == ".rttm":
            return joined(Segment(one.start_s, one.end_s) for one in self._turns(given))
        return joined(Segment(one.start_s, one.end_s) for one in self._file(given, read_labels))

    def _text(self, given: Given) -> str:
        return given.strip() if isinstance(given, str) else self._file(given, read_text_file).strip()

    def _translations(self, given: Mapping[str, Given]) -> dict[str, str] | None:
        """Those that can be read; None where none is."""
        found = {
            language: text
            for language, one in given.items()
            if (text := self._try(f"translations.{language}", self._text, one)) is not None
        }
        return found or None

    def _listed_names(self, given: list[str] | FileSource) -> list[str]:
        if isinstance(given, list):
            return given
        return [line.strip() for line in self._file(given, read_text_file).split("\n") if line.strip()]

    def _notes(self, given: FileSource) -> list[ReferenceNote]:
        notes = self._file(given, read_midi)
        return [ReferenceNote(one.start_s, one.end_s, one.pitch, one.velocity) for one in notes]

    def _sound(self, given: FileSource) -> ReferenceSound:
        return self._reader.sound(given, self._dataset.folder)

    def _chapters(self, given: list[ChapterGiven] | FileSource) -> list[ReferenceChapter]:
        chapters = given if isinstance(given, list) else self._listed(given, ChapterGiven)
        return [ReferenceChapter(one.start_s, one.title) for one in chapters]

    def _actions(self, given: list[ActionGiven] | FileSource) -> list[ReferenceAction]:
        actions = given if isinstance(given, list) else self._listed(given, ActionGiven)
        return [ReferenceAction(one.task, one.assignee, one.due_date, one.start_s, one.end_s) for one in actions]

    def _planted(self, given: list[FileSource]) -> list[PlantedTranscript]:
        return [self._file(place, read_planted) for place in given]

    def _listed(self, given: FileSource, kind: type[T]) -> list[T]:
        """A list of a kind from YAML, or JSON by its ending."""
        path = self._reader.file(given, self._dataset.folder)
        try:
            content = self._reader.once(path, read_json if path.suffix == ".json" else read_yaml)
            found: list[T] = TypeAdapter(list[kind]).validate_python(content)  # type: ignore[valid-type]
        except ValidationError as error:
            problems = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
            raise LabError(f"{path} does not hold {self._key}", found=problems) from error
        except OSError as error:
            raise LabError(f"{path} can't be read", found=error.strerror) from error
        return found


def read_text_file(path: Path) -> str:
    """A text from a file, with the line breaks of any system as one.

    Raises:
        LabError: it can't be read, or is neither UTF-8 nor UTF-16.
    """
    try:
        return read_marked_text(path, REFERENCE).replace("\r\n", "\n")
    except OSError as error:
        raise LabError(f"{path} can't be read", found=error.strerror) from error


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """Stretches in order, those that overlap or touch as one."""
    found: list[Segment] = []
    for one in sorted(segments, key=lambda each: (each.start_s, each.end_s)):
        if found and one.start_s <= found[-1].end_s:
            found[-1] = Segment(found[-1].start_s, max(found[-1].end_s, one.end_s))
        else:
            found.append(one)
    return found


def _utterances(spoken: list[SpokenText] | None) -> tuple[list[ReferenceUtterance] | None, list[Segment]]:
    """What is said, and the stretches that an STM leaves out of scoring."""
    if spoken is None:
        return None, []
    ignored = [one for one in spoken if _IGNORED.fullmatch(one.text)]
    said = [one for one in spoken if not _IGNORED.fullmatch(one.text)]
    utterances = [ReferenceUtterance(one.start_s, one.end_s, one.speaker, one.text) for one in said]
    return utterances, joined(Segment(one.start_s, one.end_s) for one in ignored)


def _without(left_out: list[Segment], duration_s: float) -> list[Segment]:
    """A recording but for some stretches, disjoint and in order."""
    starts = [0.0, *(one.end_s for one in left_out)]
    ends = [*(one.start_s for one in left_out), duration_s]
    return [Segment(start_s, end_s) for start_s, end_s in zip(starts, ends, strict=True) if start_s < end_s]


def _text_of(utterances: list[ReferenceUtterance] | None, words: list[Word] | None) -> str | None:
    if utterances is not None:
        return " ".join(one.text for one in utterances if one.text)
    return None if words is None else " ".join(word.text for word in words)


def _ending(place: Located) -> str:
    return PurePosixPath(place.name).suffix.lower()


def _stem(case: Case) -> str:
    source = case.source
    return case.id if isinstance(source, TextPlace) else PurePosixPath(source.name).stem
