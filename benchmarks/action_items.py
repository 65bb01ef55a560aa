"""Precision and recall of action items, and of their assignees and dates, on the labelled dialogues.

    python benchmarks/action_items.py [--split test] [--show]

A predicted item is right when its evidence lies in a turn that a labelled item lists; each labelled item can be found
once, so the same thing twice is one error. An assignee is right when the name, or the label of the speaker, is the one
marked. Beside it: a baseline that takes every sentence with one of a few key words as an item of whoever says it.
"""

import argparse
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce

from modellab.metrics.actions import Action, action_scores, paired, right_assignee
from modellab.metrics.score import Score
from modellab.surfaces.results import Segment, Transcript
from modellab.text.action_items import find_action_items
from modellab.text.dialogues import Dialogue, LabelledAction, Split, load_dialogues
from modellab.text.results import ActionItem
from modellab.text.sentences import split_sentences

KEYWORDS = ("i'll", "i will", "can you", "could you", "let's", "we need to", "please", "have to", "should")
Finder = Callable[[Transcript, date], Sequence[ActionItem]]
Scores = Mapping[str, Score]
"""Name of the metric -> score; corpora add up."""


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


def score(dialogue: Dialogue, find: Finder, show: bool = False) -> Scores:
    """Compare what is found in a dialogue with its labels."""
    items = find(dialogue.transcript(), dialogue.recorded_on)
    labelled, found = [_labelled(dialogue, one) for one in dialogue.actions], [_found(item) for item in items]
    if show:
        print(*_told(dialogue, items, labelled, found), sep="\n")
    return {one.metric.name: one for one in action_scores(labelled, found)}


def corpus(split: Split, find: Finder) -> Scores:
    """The scores of all dialogues of a split together."""
    each = [score(dialogue, find) for dialogue in load_dialogues(split)]
    return {name: reduce(operator.add, (one[name] for one in each)) for name in each[0]}


def _labelled(dialogue: Dialogue, action: LabelledAction) -> Action:
    said = dialogue.transcript().utterances
    names = () if action.who is None else (action.who,)
    labels = tuple(dialogue.label(name) for name in names if name in dialogue.speakers)
    spans = tuple(Segment(said[turn].start_s, said[turn].end_s) for turn in action.turns)
    return Action(action.task, frozenset(names + labels), action.due_date, spans)


def _found(item: ActionItem) -> Action:
    names = frozenset(name for name in (item.assignee, item.assignee_speaker) if name is not None)
    spans = tuple(Segment(one.start_s, one.end_s) for one in item.evidence)
    return Action(item.task, names, item.due_date, spans)


def _told(
    dialogue: Dialogue, items: Sequence[ActionItem], labelled: Sequence[Action], found: Sequence[Action]
) -> Iterator[str]:
    pairs = paired(labelled, found)
    for pair in pairs:
        item, label, one = items[pair.found], labelled[pair.labelled], found[pair.found]
        right = right_assignee(label, one) and label.due_date == one.due_date
        who = "/".join(sorted(label.assignees)) or None
        yield (
            f"{'ok    ' if right else 'part  '} {dialogue.id}: {item.assignee}/{who}: {item.task} "
            f"[{item.due_text} {item.due_date}/{label.due_date}]"
        )
    for place in sorted(set(range(len(items))) - {pair.found for pair in pairs}):
        item = items[place]
        yield f"WRONG  {dialogue.id}: {item.assignee}: {item.task} | {item.evidence[0].text}"
    for place in sorted(set(range(len(labelled))) - {pair.labelled for pair in pairs}):
        action = dialogue.actions[place]
        yield f"MISSED {dialogue.id}: {action.who}: {action.task} (turns {action.turns})"


def table(splits: Sequence[Split]) -> str:
    """The Markdown table of docs/text-steps.md."""
    rows = [
        "| dialogues | method | items found / labelled | precision | recall | F1 | right assignee | right date |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for split in splits:
        for name, find in (("rules", rules), ("key words", keywords)):
            found = corpus(split, find)
            f1, who, when = found["action_f1"], found["assignee_accuracy"], found["due_date_accuracy"]
            rows.append(
                f"| {split} | {name} | {f1['found']:.0f} / {f1['labelled']:.0f} | "
                f"{found['action_precision'].value:.2f} | {found['action_recall'].value:.2f} | {f1.value:.2f} | "
                f"{who['right']:.0f} of {f1['matched']:.0f} | {when['right']:.0f} of {f1['matched']:.0f} |"
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
