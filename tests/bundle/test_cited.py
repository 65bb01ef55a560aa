from collections.abc import Callable

from modellab.bundle.cited import Cited
from modellab.bundle.meeting import Meeting
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.results import ActionItem, ActionItems, Chapter, Chapters, Evidence

Planned = Callable[..., Meeting]


def said(meeting: Meeting, evidence: Evidence) -> list[str]:
    """The words that the pack counts as an evidence's."""
    words = [word.text for paragraph in meeting.paragraphs for word in paragraph.words]
    return words[evidence.first_word : evidence.end_word]


def test_evidence_counts_words_as_the_pack_does(planned: Planned) -> None:
    meeting = planned()
    assert meeting.summary and meeting.action_items and meeting.chapters
    (line,) = meeting.summary.lines
    assert [said(meeting, evidence) for evidence in line.evidence] == [
        ["Bob,", "send", "the", "numbers", "by", "Friday."],
        ["Sure,", "I", "will", "send", "them."],
    ]
    assert said(meeting, meeting.action_items.items[1].evidence[0]) == ["Good,", "<b>lunch</b>", "it", "is."]
    assert said(meeting, meeting.chapters[1].evidence) == ["Lunch", "is", "at", "noon."]
    assert [(chapter.first_word, chapter.end_word) for chapter in meeting.chapters] == [(0, 14), (14, 24)]


def test_an_utterance_without_words_takes_the_numbers_of_its_texts_pieces() -> None:
    transcript = Transcript([Utterance(0, 1, "one two three"), Utterance(2, 3, "four", [Word("four", 2, 3)])], 3.0)
    chapters = Chapters([Chapter("Four", 2, 3, 0, 1, Evidence(2, 3, None, 0, 1, "four"))], "extractive")
    (chapter,) = Cited(transcript).chapters(chapters)
    assert (chapter.first_word, chapter.end_word, chapter.evidence.first_word) == (3, 4, 3)


def test_text_is_made_safe_and_a_label_stays_what_it_is() -> None:
    transcript = Transcript([Utterance(0, 1, "a", [Word("a", 0, 1, speaker="A\u202e")], "A\u202e")], 1.0)
    evidence = [Evidence(0, 1, "A\u202e", 0, 1, "a\u202e")]
    items = [
        ActionItem("Do\u202e it", "A\u202e", "A\u202e", "to\u202eday", None, evidence),
        ActionItem("b", "Vir\u202egil", "A\u202e", None, None, evidence),
    ]
    label, name = Cited(transcript).action_items(ActionItems(items, "rules")).items
    assert (label.task, label.due_text, label.evidence[0].text) == ("Do it", "today", "a")
    assert label.assignee == label.assignee_speaker == "A\u202e"
    assert (name.assignee, name.assignee_speaker) == ("Virgil", "A\u202e")
