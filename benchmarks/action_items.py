"""Precision and recall of action items, and of their assignees and dates, on the labelled dialogues.

    python benchmarks/action_items.py [--split test] [--show]

A predicted item is right when its evidence lies in a turn that a labelled item lists; each labelled item can be found
once, so the same thing twice is one error. An assignee is right when the name, or the label of the speaker, is the one
marked. Beside it: a baseline that takes every sentence with one of a few key words as an item of whoever says it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from modellab.surfaces.results import Transcript
from modellab.text.action_items import find_action_items
from modellab.text.dialogues import Dialogue, LabelledAction, Split, load_dialogues
from modellab.text.results import ActionItem
from modellab.text.sentences import split_sentences

KEYWORDS = ("i'll", "i will", "can you", "could you", "let's", "we need to", "please", "have to", "should")
Finder = Callable[[Transcript, date], Sequence[ActionItem]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one corpus; rates are sums over sums."""

    predicted: int = 0
    labelled: int = 0
    matched: int = 0
    right_assignee: int = 0
    right_date: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.predicted + other.predicted,
            self.labelled + other.labelled,
            self.matched + other.matched,
            self.right_assignee + other.right_assignee,
            self.right_date + other.right_date,
        )

    @property
    def precision(self) -> float:
        return self.matched / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.matched / self.labelled if self.labelled else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def rules(transcript: Transcript, recorded_on: date) -> Sequence[ActionItem]:
    """The shipped rules."""
    return find_action_items(transcript, recorded_on).items


def keywords(transcript: Transcript, recorded_on: date) -> Sequence[ActionItem]:
    """The naive baseline."""
    return [
        ActionItem(sentence.text, sentence.speaker, sentence.speaker, None, None, [sentence.evidence()])
        for sentence in split_sentences(transcript)
        if any(keyword in sentence.text.lower() for keyword in KEYWORDS)
    ]


def score(dialogue: Dialogue, find: Finder, show: bool = False) -> Counts:
    """Compare what is found in a dialogue with its labels."""
    found = find(dialogue.transcript(), dialogue.recorded_on)
    turn_of_word = [number for number, (_, text) in enumerate(dialogue.turns) for _ in text.split()]
    left = list(dialogue.actions)
    counts = Counts(predicted=len(found), labelled=len(left))
    for item in found:
        turns = {turn_of_word[word] for e in item.evidence for word in range(e.first_word, e.end_word)}
        match = max(left, key=lambda action: _overlap(action, item, turns)) if left else None
        if match is None or not turns & set(match.turns):
            _tell(show, "WRONG ", dialogue, f"{item.assignee}: {item.task} | {item.evidence[0].text}")
            continue
        left.remove(match)
        who = {None} if match.who is None else {match.who}
        label = dialogue.label(match.who) if match.who in dialogue.speakers else match.who
        right_who = item.assignee in who or (item.assignee_speaker == label and item.assignee_speaker is not None)
        right_date = item.due_date == match.due_date
        counts += Counts(matched=1, right_assignee=right_who, right_date=right_date)
        mark = "ok    " if right_who and right_date else "part  "
        _tell(
            show,
            mark,
            dialogue,
            f"{item.assignee}/{label}: {item.task} [{item.due_text} {item.due_date}/{match.due_date}]",
        )
    for action in left:
        _tell(show, "MISSED", dialogue, f"{action.who}: {action.task} (turns {action.turns})")
    return counts


def _overlap(action: LabelledAction, item: ActionItem, turns: set[int]) -> tuple[int, int]:
    """How well a label fits: turns in common, then words of the task in common."""
    return len(turns & set(action.turns)), len(set(action.task.lower().split()) & set(item.task.lower().split()))


def _tell(show: bool, mark: str, dialogue: Dialogue, text: str) -> None:
    if show:
        print(f"{mark} {dialogue.id}: {text}")


def table(splits: Sequence[Split]) -> str:
    """The Markdown table of docs/text-steps.md."""
    rows = [
        "| dialogues | method | items found / labelled | precision | recall | F1 | right assignee | right date |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for split in splits:
        for name, find in (("rules", rules), ("key words", keywords)):
            counts = sum((score(dialogue, find) for dialogue in load_dialogues(split)), Counts())
            rows.append(
                f"| {split} | {name} | {counts.predicted} / {counts.labelled} | {counts.precision:.2f} | "
                f"{counts.recall:.2f} | {counts.f1:.2f} | {counts.right_assignee} of {counts.matched} | "
                f"{counts.right_date} of {counts.matched} |"
            )
    return "\n".join(rows)


def main() -> None:
    """Print the table, or with --show every item."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("dev", "test"), action="append")
    parser.add_argument("--show", action="store_true", help="print every item found, wrong or missed")
    arguments = parser.parse_args()
    splits: Sequence[Split] = arguments.split or ("dev", "test")
    if arguments.show:
        for split in splits:
            for dialogue in load_dialogues(split):
                score(dialogue, rules, show=True)
    print(table(splits))


if __name__ == "__main__":
    main()
