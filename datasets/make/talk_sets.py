"""diar_golden_v1, diar_smoke_v1 and meeting_golden_v1: conversations laid on a time line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from corpus import LICENCE, Corpus, Given, case, speech_of
from scripts import Action, Talk, Turn, talks
from signals import pink
from sound import EDGE_S, RATE_HZ, Sound, at_level, samples_in, seconds_of, stretches

ROOM_DB = -58.0
"""Of the noise beneath a conversation."""
END_S = 1.0
"""After the last turn."""
_SAMPLE = "audio/sample/sample"
SAMPLE = case(
    "pyannote-sample",
    {
        "package": "pyannote",
        "file": f"{_SAMPLE}.wav",
        "sha256": "c319b4abca767b124e41432d364fd7df006cb26bb79d09326c487d606a134e6e",
    },
    {
        "names": ["Diane", "Sheila", "New Jersey", "Texas", "Chicago"],
        **{key: {"package": "pyannote", "file": f"{_SAMPLE}.{key}"} for key in ("rttm", "stm")},
    },
    {"made": "recorded", "people": "2", "overlap": "some", "channel": "telephone"},
    ["Diane", "Sheila"],
) | {"recording": "sample"}
"""Half a minute of a telephone call that pyannote.audio brings along (MIT), with its references."""


@dataclass(frozen=True)
class Laid:
    """A turn with its times in seconds."""

    turn: Turn
    start_s: float
    end_s: float

    def stretches(self) -> list[tuple[float, float]]:
        """Where in it there is speech: pauses of 0.3 s and more divide it."""
        offset_s = self.start_s - EDGE_S
        return [(start_s + offset_s, end_s + offset_s) for start_s, end_s in stretches(speech_of(self.turn.utterance))]


def make(corpus: Corpus) -> None:
    """Write the three sets."""
    cases = {talk.id: _case(corpus, talk, number) for number, talk in enumerate(talks().values())}
    of_speakers = {name: _only(found, "rttm") for name, found in cases.items()}
    licence = f"{LICENCE}; MIT for pyannote-sample"
    corpus.manifest(
        "diar_golden_v1",
        "four conversations of two to four synthetic voices on a time line, with overlaps whose times are known, "
        "and the recorded telephone call that pyannote.audio brings along",
        ["diarization", "vad"],
        [*of_speakers.values(), _only(SAMPLE, "rttm")],
        licence,
    )
    corpus.manifest(
        "diar_smoke_v1",
        "two short cases of diar_golden_v1: a check that diarization works, no measurement",
        ["diarization", "vad"],
        [of_speakers["call-delivery"], _only(SAMPLE, "rttm")],
        licence,
    )
    corpus.manifest(
        "meeting_golden_v1",
        "two scripted meetings of three and four synthetic voices: words with speakers and times, topics, action "
        "items, a summary; two conversations without topics; and the recorded call of pyannote.audio",
        ["meeting", "asr", "diarization", "chapters", "summary", "action_items"],
        [*cases.values(), SAMPLE],
        licence,
    )


def lay(talk: Talk) -> list[Laid]:
    """The turns of a talk with their times, to the millisecond: 16 samples."""
    found: list[Laid] = []
    for turn in talk.turns:
        length_s = seconds_of(speech_of(turn.utterance)) - 2 * EDGE_S
        start_s = round((found[-1].end_s if found else 0.0) + turn.gap_s, 3)
        found.append(Laid(turn, start_s, round(start_s + length_s, 3)))
    return found


def sound_of(turns: Sequence[Laid], seed: int) -> Sound:
    """The turns as one hears them, over the noise of a room."""
    length = samples_in(max(turn.end_s for turn in turns) + END_S)
    found = at_level(pink(length / RATE_HZ, seed), ROOM_DB)
    edge = samples_in(EDGE_S)
    for turn in turns:
        said = speech_of(turn.turn.utterance)[edge:-edge]
        start = samples_in(turn.start_s)
        found[start : start + len(said)] += said
    return found


def overlap_share(turns: Sequence[Laid]) -> float:
    """How much of the time in which anybody speaks two or more do."""
    count = np.zeros(samples_in(max(turn.end_s for turn in turns)), dtype=int)
    for turn in turns:
        for start_s, end_s in turn.stretches():
            count[samples_in(start_s) : samples_in(end_s)] += 1
    return float((count > 1).sum() / (count > 0).sum())


def _case(corpus: Corpus, talk: Talk, number: int) -> Given:
    turns = lay(talk)
    in_order = sorted(turns, key=lambda each: (each.start_s, each.end_s))
    reference: Given = {
        "text": " ".join(each.turn.utterance.text for each in in_order),
        "names": list(talk.names),
        "stm": "".join(
            f"{talk.id} 1 {each.turn.speaker} {each.start_s:.3f} {each.end_s:.3f} {each.turn.utterance.text}\n"
            for each in in_order
        ),
        "rttm": "".join(
            f"SPEAKER {talk.id} 1 {start_s:.3f} {end_s - start_s:.3f} <NA> <NA> {each.turn.speaker} <NA> <NA>\n"
            for each in in_order
            for start_s, end_s in each.stretches()
        ),
    }
    if talk.topics:
        reference["chapters"] = [
            {"start_s": 0.0 if topic.turn == 0 else turns[topic.turn].start_s, "title": topic.title}
            for topic in talk.topics
        ]
        reference["summary"] = talk.summary
        reference["actions"] = [_action(action, turns) for action in talk.actions]
    speakers = {turn.speaker: turn.utterance.voice.id for turn in talk.turns}
    share = overlap_share(turns)
    tags = {
        "made": "scripted",
        "people": str(len(speakers)),
        "overlap": "much" if share > 0.1 else "some" if share > 0.0 else "none",
        "channel": "wideband",
    }
    return case(
        talk.id, corpus.save(f"talks/{talk.id}", sound_of(turns, number)), reference, tags, sorted(speakers.values())
    )


def _action(action: Action, turns: Sequence[Laid]) -> Given:
    first, last = turns[action.turns[0]], turns[action.turns[-1]]
    given = {"task": action.task, "assignee": action.who, "due_date": action.date}
    return {key: value for key, value in given.items() if value is not None} | {
        "start_s": first.start_s,
        "end_s": last.end_s,
    }


def _only(found: Given, *keys: str) -> Given:
    return found | {"reference": {key: found["reference"][key] for key in keys}}
