"""What was found in a transcript as a pack shows it: text made safe, and words counted as the pack counts them.

The text steps number a transcript's words. A pack leaves out words of which nothing can be shown, and shares an
utterance's time out to its text where the model gave no words, so that its numbers can differ.
"""

from dataclasses import replace

from modellab.bundle.naming import clean
from modellab.bundle.paragraphs import timed_words
from modellab.speech.hallucinations.flags import Flag, Hallucinations
from modellab.surfaces.results import Transcript
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence, Line, Summary


class Cited:
    """Turns the text steps' results over one transcript into the pack's."""

    def __init__(self, transcript: Transcript) -> None:
        self._shown_from: list[int] = []
        """Number of the transcript's word -> number of shown words before it."""
        self._shown_to: list[int] = []
        """The same, with the word itself."""
        shown = 0
        for utterance in transcript.utterances:
            for word in utterance.words:
                self._shown_from.append(shown)
                shown += bool(clean(word.text))
                self._shown_to.append(shown)
            if not utterance.words:
                shown += len(timed_words(utterance))

    def chapters(self, found: Chapters) -> tuple[Chapter, ...]:
        """Chapters in order of time."""
        return tuple(
            replace(
                chapter,
                title=clean(chapter.title),
                first_word=self._shown_from[chapter.first_word],
                end_word=self._shown_to[chapter.end_word - 1],
                evidence=self._evidence(chapter.evidence),
            )
            for chapter in found.chapters
        )

    def summary(self, found: Summary) -> Summary:
        """The meeting's lines, and the paragraph of every speaker who has one."""
        paragraphs = [replace(person, lines=self._lines(person.lines)) for person in found.speakers if person.lines]
        return replace(found, lines=self._lines(found.lines), speakers=paragraphs)

    def action_items(self, found: ActionItems) -> ActionItems:
        """Action items in order of time."""
        return replace(found, items=[self._item(item) for item in found.items])

    def flags(self, found: Hallucinations) -> tuple[Flag, ...]:
        """Flags in order of time; those of words that are not shown are left out."""
        flags = (
            replace(
                flag,
                first_word=self._shown_from[flag.first_word],
                end_word=self._shown_to[flag.end_word - 1],
                text=clean(flag.text),
                why=clean(flag.why),
            )
            for flag in found.flags
        )
        return tuple(flag for flag in flags if flag.first_word < flag.end_word)

    def _item(self, item: ActionItem) -> ActionItem:
        label = item.assignee == item.assignee_speaker
        return replace(
            item,
            task=clean(item.task),
            assignee=item.assignee if label or item.assignee is None else clean(item.assignee),
            due_text=clean(item.due_text) if item.due_text else None,
            evidence=[self._evidence(evidence) for evidence in item.evidence],
        )

    def _lines(self, lines: list[Line]) -> list[Line]:
        return [Line(clean(line.text), [self._evidence(evidence) for evidence in line.evidence]) for line in lines]

    def _evidence(self, evidence: Evidence) -> Evidence:
        return replace(
            evidence,
            first_word=self._shown_from[evidence.first_word],
            end_word=self._shown_to[evidence.end_word - 1],
            text=clean(evidence.text),
        )
