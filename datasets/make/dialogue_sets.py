"""dialogues_v1: the written meetings of datasets/dialogues; topics and action items at the times they are read with."""

from collections.abc import Mapping, Sequence
from typing import get_args

from corpus import LICENCE, Corpus, Given, case

from modellab.surfaces.results import Utterance
from modellab.text.dialogues import Dialogue, LabelledAction, Split, load_dialogues


def make(corpus: Corpus) -> None:
    """Write the set."""
    corpus.manifest(
        "dialogues_v1",
        "sixteen written meetings with their topics and action items; there are no recordings, and times are those of "
        "modellab.text.dialogues: 0.35 s a word",
        ["chapters", "action_items"],
        [_case(dialogue, split) for split in get_args(Split) for dialogue in load_dialogues(split)],
        LICENCE,
    )


def _case(dialogue: Dialogue, split: Split) -> Given:
    spoken = dialogue.transcript().utterances
    names = dict(zip(dialogue.labels, dialogue.speakers, strict=True))
    reference = {
        "stm": "".join(_line(dialogue.id, turn, names) for turn in spoken),
        "chapters": [{"start_s": spoken[turn].start_s, "title": title} for turn, title in dialogue.topics],
        "actions": [_action(action, spoken) for action in dialogue.actions],
    }
    title = f"{dialogue.title}, {dialogue.recorded_on.isoformat()}."
    text = "\n".join([title, *(f"{name}: {words}" for name, words in dialogue.turns)])
    return case(dialogue.id, {"text": text}, reference, {"split": split, "people": str(len(dialogue.speakers))})


def _line(name: str, turn: Utterance, names: Mapping[str, str]) -> str:
    assert turn.speaker is not None
    speaker = names[turn.speaker].replace(" ", "_")
    return f"{name} 1 {speaker} {turn.start_s:.3f} {turn.end_s:.3f} {turn.text}\n"


def _action(action: LabelledAction, spoken: Sequence[Utterance]) -> Given:
    given = {
        "task": action.task,
        "assignee": action.who,
        "due_date": action.due_date.isoformat() if action.due_date else None,
        "start_s": spoken[action.turns[0]].start_s,
        "end_s": spoken[action.turns[-1]].end_s,
    }
    return {key: value for key, value in given.items() if value is not None}
