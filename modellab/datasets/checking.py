"""Everything that is wrong with a dataset, told at once: files, references, and cases that are the same."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modellab.datasets.catalogue import Dataset
from modellab.datasets.manifest import Case, Task
from modellab.datasets.places import Located, TextPlace
from modellab.datasets.problems import TOLERANCE_S, problems_of
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.reference import Reference, ReferenceSound
from modellab.datasets.sound_facts import SoundFacts, sound_facts
from modellab.datasets.sources import Sources
from modellab.errors import LabError
from modellab.files import sha256_file
from modellab.inputs.texts import check_text, kind_of
from modellab.settings import Lab
from modellab.surfaces.results import Segment

_NEEDS: Mapping[Task, tuple[str, Callable[[Case, Reference], bool]]] = {
    "asr": ("text, stm or ctm", lambda _, known: known.text is not None),
    "hallucination": ("text", lambda _, known: known.text is not None),
    "diarization": ("rttm", lambda _, known: known.turns is not None),
    "meeting": ("stm or textgrid", lambda _, known: known.utterances is not None),
    "vad": ("speech or rttm", lambda _, known: known.speech is not None or known.turns is not None),
    "enhance": ("clean", lambda _, known: known.clean is not None),
    "separate": ("stems", lambda _, known: bool(known.stems)),
    "tts": ("prompt", lambda _, known: known.prompt is not None),
    "classify": ("labels", lambda _, known: known.labels is not None),
    "embed": ("speakers or labels", lambda _, known: bool(known.voices or known.labels)),
    "music_transcription": ("midi", lambda _, known: known.notes is not None),
    "end_of_turn": ("rttm", lambda _, known: known.turns is not None),
    "voice_to_voice": ("text, stm or ctm", lambda _, known: known.text is not None),
    "translate": ("translations", lambda _, known: bool(known.translations)),
    "chapters": ("chapters", lambda _, known: known.chapters is not None),
    "summary": ("summary", lambda _, known: known.summary is not None),
    "action_items": ("actions", lambda _, known: known.actions is not None),
}
"""What a task is judged by."""


_WHOLE = Segment(0.0, float("inf"))


@dataclass(frozen=True, slots=True)
class DatasetProblem:
    """Something that is wrong with a dataset."""

    case: str | None
    """None: with the dataset as a whole."""
    part: str
    """`source`, `language`, `speakers`, a key of the reference; of the dataset `tasks`."""
    what: str

    def __str__(self) -> str:
        return f"{self.case}, {self.part}: {self.what}" if self.case else f"{self.part}: {self.what}"


@dataclass(slots=True)
class _Looked:
    """What was found of one case."""

    case: Case
    reference: Reference = field(default_factory=Reference)
    sound: SoundFacts | None = None
    problems: list[DatasetProblem] = field(default_factory=list)

    @property
    def recording(self) -> Located | None:
        """Where its recording is; None of a text."""
        return None if isinstance(self.case.source, TextPlace) else self.case.source

    def add(self, part: str, what: str) -> None:
        self.problems.append(DatasetProblem(self.case.id, part, what))


def check_dataset(
    lab: Lab, dataset: Dataset, sources: Sources, progress: Callable[[int], None] = lambda _: None
) -> list[DatasetProblem]:
    """Look at every file of a dataset and at all that is known of its cases.

    Every recording is decoded as a whole, about a thousandth of its playing time.

    Args:
        progress: called with the number of cases that were looked at.
    """
    checking = _Checking(lab, dataset, sources)
    looked: list[_Looked] = []
    for case in dataset.manifest.cases:
        looked.append(checking.look(case))
        progress(len(looked))
    by_id = {one.case.id: one for one in looked}
    for case_id, what in (*_same_recording(looked), *_same_sound(looked), *_same_text(looked)):
        by_id[case_id].add("source", what)
    return [*_unjudged(dataset, looked), *(problem for one in looked for problem in one.problems)]


class _Checking:
    """Looks at one case after the other."""

    def __init__(self, lab: Lab, dataset: Dataset, sources: Sources) -> None:
        self._dataset, self._sources = dataset, sources
        self._reader = ReferenceReader(sources, lambda path: ReferenceSound(sha256_file(path), path.name))
        self._longest_s = lab.settings.longest_recording_h * 3600.0
        self._facts: dict[Path, SoundFacts] = {}
        """A long recording may have a case for each of its parts."""

    def look(self, case: Case) -> _Looked:
        found = _Looked(case)
        if found.recording is not None:
            found.sound = self._sound(found, "source", found.recording)
        duration_s = found.sound.duration_s if found.sound else None
        found.reference, unreadable = self._reader.try_read(self._dataset, case, duration_s or 0.0)
        for part, error in unreadable.items():
            found.add(part, str(error))
        for problem in problems_of(found.reference, duration_s):
            found.add(problem.part, problem.what)
        for part, place in case.reference.sounds().items():
            if part not in unreadable:
                _compare_length(found, part, self._sound(found, part, place))
        if found.sound and found.sound.is_silent and (found.reference.text or found.reference.turns):
            found.add("source", "the recording is silent, and somebody speaks all the same")
        is_judged = bool(case.reference.model_dump(exclude_defaults=True)) or case.is_text or bool(case.speakers)
        if not is_judged:
            found.add("reference", "nothing is known of it, so nothing can be held against it")
        return found

    def _sound(self, found: _Looked, part: str, place: Located) -> SoundFacts | None:
        """A recording's facts; None of a text, and where it can't be had, which is then a problem of the case."""
        try:
            path = self._sources.find(place, self._dataset.folder)
            if kind_of(path) == "text":
                check_text(path, path.name)
                return None
            if path not in self._facts:
                self._facts[path] = sound_facts(path, self._longest_s)
        except LabError as error:
            found.add(part, str(error))
            return None
        for warning in self._facts[path].warnings:
            found.add(part, warning)
        return self._facts[path]


def _compare_length(found: _Looked, part: str, sound: SoundFacts | None) -> None:
    if found.sound and sound and abs(sound.duration_s - found.sound.duration_s) > TOLERANCE_S:
        found.add(part, f"it lasts {sound.duration_s:g} s, and the recording {found.sound.duration_s:g} s")


def _same_recording(looked: list[_Looked]) -> Iterator[tuple[str, str]]:
    """Cases of one recording that are scored in the same stretches: what is wrong there would count twice."""
    by_digest: dict[str, list[_Looked]] = defaultdict(list)
    for one in looked:
        if one.recording is None or one.recording.sha256 is None:
            continue
        others = by_digest[one.recording.sha256]
        for other in others:
            if (both := _overlap(other.reference.evaluated, one.reference.evaluated)) is not None:
                where = f"at {both.start_s:g} to {both.end_s:g} s" if both.end_s != _WHOLE.end_s else "as a whole"
                yield one.case.id, f"the same recording as case {other.case.id}, and both are scored {where}"
                break
        others.append(one)


def _same_sound(looked: list[_Looked]) -> Iterator[tuple[str, str]]:
    """Files that differ and hold the same sound."""
    first: dict[str, _Looked] = {}
    for one in looked:
        if one.sound is None or one.recording is None:
            continue
        other = first.setdefault(one.sound.samples_sha256, one)
        if other.recording is not None and other.recording.sha256 != one.recording.sha256:
            yield one.case.id, f"the same sound as case {other.case.id}, in another file"


def _same_text(looked: list[_Looked]) -> Iterator[tuple[str, str]]:
    """Texts to be spoken that are there twice."""
    first: dict[str, str] = {}
    for one in looked:
        if isinstance(one.case.source, TextPlace):
            other = first.setdefault(" ".join(one.case.source.text.split()), one.case.id)
            if other != one.case.id:
                yield one.case.id, f"the same text as case {other}"


def _overlap(one: list[Segment] | None, other: list[Segment] | None) -> Segment | None:
    """The first stretch that is in both; None of a list stands for the whole recording."""
    for first in one if one is not None else [_WHOLE]:
        for second in other if other is not None else [_WHOLE]:
            start_s, end_s = max(first.start_s, second.start_s), min(first.end_s, second.end_s)
            if end_s - start_s > TOLERANCE_S:
                return Segment(start_s, end_s)
    return None


def _unjudged(dataset: Dataset, looked: list[_Looked]) -> Iterator[DatasetProblem]:
    """Tasks by which no case can be judged."""
    for task in dataset.manifest.tasks:
        wanted, is_known = _NEEDS[task]
        if not any(is_known(one.case, one.reference) for one in looked):
            yield DatasetProblem(None, "tasks", f"no case has what {task} is judged by: {wanted}")
