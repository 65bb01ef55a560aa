"""The labelled dialogues of `datasets/dialogues`, as transcripts with their topics and action items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from modellab.outside import read_yaml
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.results import Transcript, Utterance, Word

FOLDER = PROJECT_ROOT / "datasets" / "dialogues"
Split = Literal["dev", "test"]

_WORD_S = 0.35
_GAP_S = 0.3
"""Between turns, always the same: written dialogues must not give a boundary away by a made-up pause."""


@dataclass(frozen=True, slots=True)
class LabelledAction:
    """An action item as a person marked it."""

    task: str
    who: str | None
    due_date: date | None
    turns: tuple[int, ...]
    """Numbers of the turns that assign it or take it on."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One dialogue. `labels[i]` is the speaker label (`SPEAKER_00`) of `speakers[i]`, as a diarizer would give it."""

    id: str
    title: str
    recorded_on: date
    speakers: tuple[str, ...]
    turns: tuple[tuple[str, str], ...]
    """Speaker's name and words."""
    topics: tuple[tuple[int, str], ...]
    """First turn of each topic, and its title."""
    actions: tuple[LabelledAction, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(f"SPEAKER_{number:02d}" for number in range(len(self.speakers)))

    def label(self, name: str) -> str:
        """The speaker label of a participant."""
        return self.labels[self.speakers.index(name)]

    def segments(self) -> list[Sequence[tuple[str, str]]]:
        """The turns of each topic."""
        starts = [start for start, _ in self.topics] + [len(self.turns)]
        return [self.turns[begin:end] for begin, end in pairwise(starts)]

    def transcript(self) -> Transcript:
        """The dialogue as an aligned transcript: one utterance per turn, made-up times, diarizer's labels."""
        return transcript_of([(self.label(name), text) for name, text in self.turns])


def transcript_of(turns: Sequence[tuple[str | None, str]], language: str = "en") -> Transcript:
    """Turns of (speaker, text) as a transcript in which every word lasts 0.35 s and turns are 0.3 s apart."""
    utterances, now = [], 0.0
    for speaker, text in turns:
        words = []
        for token in text.split():
            words.append(Word(token, round(now, 3), round(now + _WORD_S, 3), speaker=speaker))
            now += _WORD_S
        utterances.append(Utterance(words[0].start_s, words[-1].end_s, text, words, speaker))
        now += _GAP_S
    return Transcript(utterances, round(now, 3), language)


def load_dialogues(split: Split) -> list[Dialogue]:
    """All dialogues of a split, in order of name."""
    return [_dialogue(path) for path in sorted((FOLDER / split).glob("*.yaml"))]


def _dialogue(path: Path) -> Dialogue:
    content = read_yaml(path)
    speakers = tuple(content["speakers"])
    turns: list[tuple[str, str]] = []
    topics: list[tuple[int, str]] = []
    actions: list[LabelledAction] = []
    for entry in content["turns"]:
        if "topic" in entry:
            topics.append((len(turns), entry["topic"]))
            continue
        name = next(key for key in entry if key in speakers)
        if entry.get("accepts"):
            actions[-1] = _accepted(actions[-1], entry, len(turns))
        actions.extend(_labelled(entry, len(turns)))
        turns.append((name, entry[name]))
    return Dialogue(
        path.stem, content["title"], content["recorded_on"], speakers, tuple(turns), tuple(topics), tuple(actions)
    )


def _labelled(entry: Mapping[str, Any], turn: int) -> Iterator[LabelledAction]:
    given = entry.get("action", [])
    for action in given if isinstance(given, list) else [given]:
        yield LabelledAction(action["task"], action["who"], action["date"], (turn,))


def _accepted(action: LabelledAction, entry: Mapping[str, Any], turn: int) -> LabelledAction:
    return replace(
        action,
        who=entry.get("action_who", action.who),
        due_date=entry.get("date", action.due_date),
        turns=(*action.turns, turn),
    )
