"""AMI meetings: recordings by microphone (`ES2011a.Mix-Headset.wav`), and either the RTTM (and UEM) by meeting of the
usual setup for diarization (`only_words/rttms/test/ES2011a.rttm`), or the manual annotations' words as NXT's XML
(`words/ES2011a.A.words.xml`), or both."""

import posixpath
import re
from collections.abc import Iterator

from modellab.datasets.importing.folder import Folder
from modellab.datasets.importing.found import FoundCase, Given, Layout, Place
from modellab.datasets.importing.nxt import read_speakers, read_words
from modellab.datasets.importing.sidecars import Sidecars
from modellab.errors import LabError
from modellab.formats.spoken import SpokenText
from modellab.surfaces.results import Word
from modellab.units import plural

_MEETING = r"(?:EN|ES|IB|IN|IS|TS)\d{4}[a-d]?"
_RECORDING = re.compile(rf"({_MEETING})\.(Mix-Headset|Mix-Lapel|Array\d-\d+)")
_WORDS = re.compile(rf"({_MEETING})\.([A-Z])\.words\.xml")
_CHANNELS = {"Mix-Headset": "headset mix", "Mix-Lapel": "lapel mix"}
_FAR = "far field"
_PREFERRED = "only_words"
"""Of the setup's two sets of turns the one without laughs and coughs, which most results are of."""
_SPLITS = ("train", "dev", "test")
_PAUSE_S = 1.0
"""Words of a speaker that are no further apart are one utterance."""


def _cases(given: Given) -> Iterator[FoundCase]:
    turns, scored = _by_meeting(given.folder, ".rttm"), _by_meeting(given.folder, ".uem")
    words, sidecars = _words(given), Sidecars(given)
    heard = set()
    for media in given.media.media:
        if not (found := _RECORDING.fullmatch(posixpath.splitext(posixpath.basename(media))[0])):
            continue
        meeting, microphone = found.groups()
        heard.add(meeting)
        case = FoundCase(f"{meeting}.{microphone}", media, Place(media), "en")
        case.tags["channel"] = _CHANNELS.get(microphone, _FAR)
        for ending, by_meeting in ((".rttm", turns), (".uem", scored)):
            if file := _one(given, by_meeting.get(meeting, [])):
                sidecars.add(case, file, ending, meeting)
                if split := next((part for part in file.split("/")[:-1] if part in _SPLITS), None):
                    case.tags["split"] = split
        if spoken := words.get(meeting):
            case.words, case.spoken = spoken, utterances(meeting, spoken)
        if case.is_judged:
            yield case
        else:
            given.account.problem(Place(media), f"neither turns nor words of the meeting {meeting} are there")
    if silent := sorted({*turns, *words} - heard):
        given.account.note(f"{plural(len(silent), 'meeting')} without a recording here: {', '.join(silent[:5])}")


def utterances(recording: str, words: list[Word]) -> list[SpokenText]:
    """Each speaker's words as utterances, between pauses."""
    found: list[SpokenText] = []
    for speaker in dict.fromkeys(word.speaker for word in words):
        run: list[Word] = []
        for word in (word for word in words if word.speaker == speaker):
            if run and word.start_s - run[-1].end_s > _PAUSE_S:
                found.append(_utterance(recording, run))
                run = []
            run.append(word)
        found.append(_utterance(recording, run))
    return sorted(found, key=lambda one: (one.start_s, one.end_s))


def _utterance(recording: str, run: list[Word]) -> SpokenText:
    text = " ".join(word.text for word in run)
    return SpokenText(recording, run[0].speaker or "", run[0].start_s, max(word.end_s for word in run), text)


def _words(given: Given) -> dict[str, list[Word]]:
    """Meeting -> everybody's words, in order of time."""
    names: dict[str, dict[str, str]] = {}
    found: dict[str, list[Word]] = {}
    try:
        for file in given.folder.ending_with("meetings.xml"):
            names |= read_speakers(given.folder.path(file))
    except LabError as error:
        given.account.problem(Place(file), str(error))
    for file in given.folder.ending_with(".words.xml"):
        if matched := _WORDS.fullmatch(posixpath.basename(file)):
            meeting, letter = matched.groups()
            try:
                read = read_words(given.folder.path(file), names.get(meeting, {}).get(letter, letter))
            except LabError as error:
                given.account.problem(Place(file), str(error))
                continue
            found[meeting] = sorted([*found.get(meeting, []), *read], key=lambda word: (word.start_s, word.end_s))
    return found


def _one(given: Given, files: list[str]) -> str | None:
    """The only file, or the one of the preferred set."""
    preferred = [file for file in files if _PREFERRED in file.split("/")] if len(files) > 1 else files
    if len(preferred) == 1:
        return preferred[0]
    if files:
        given.account.problem(Place(files[0]), f"several are of the same meeting: {', '.join(files)}")
    return None


def _by_meeting(folder: Folder, ending: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for file in folder.ending_with(ending):
        name = posixpath.splitext(posixpath.basename(file))[0]
        if re.fullmatch(_MEETING, name):
            found.setdefault(name, []).append(file)
    return found


def _detects(folder: Folder) -> bool:
    names = (posixpath.splitext(posixpath.basename(file))[0] for file in folder.media)
    return any(_RECORDING.fullmatch(name) for name in names)


LAYOUT = Layout(
    "ami", "AMI meetings", "ES2011a.Mix-Headset.wav, with RTTM by meeting or words/*.words.xml", _detects, _cases
)
