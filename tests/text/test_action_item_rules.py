from datetime import date

import pytest

from modellab.text.action_items import find_action_items
from modellab.text.dialogues import transcript_of
from modellab.text.results import ActionItem

DAY = date(2026, 3, 11)  # a Wednesday


def items(*turns: tuple[str | None, str]) -> list[ActionItem]:
    return find_action_items(transcript_of(turns), DAY).items


def short(*turns: tuple[str | None, str]) -> list[tuple[str, str | None, date | None]]:
    return [(item.task, item.assignee, item.due_date) for item in items(*turns)]


def test_a_commitment_is_its_speaker_s() -> None:
    (item,) = items(("A", "Right. I'll send the slides by Friday so that you can look."), ("B", "Nice."))
    assert (item.task, item.assignee, item.assignee_speaker) == ("Send the slides", "A", "A")
    assert (item.due_text, item.due_date) == ("by Friday", date(2026, 3, 13))
    (evidence,) = item.evidence
    assert (evidence.first_word, evidence.end_word, evidence.speaker) == (1, 12, "A")
    assert evidence.text == "I'll send the slides by Friday so that you can look."


def test_a_request_is_the_called_one_s_and_the_answer_adds_to_it() -> None:
    (item,) = items(("A", "Ben, could you call the printer?"), ("B", "Sure, I'll call them tomorrow."))
    assert (item.task, item.assignee, item.assignee_speaker) == ("Call the printer", "Ben", "B")
    assert item.due_date == date(2026, 3, 12)
    assert [e.speaker for e in item.evidence] == ["A", "B"]


def test_you_is_whoever_answers() -> None:
    turns = (("C", "Hello."), ("A", "Can you book the room?"), ("B", "Yes."))
    assert short(*turns) == [("Book the room", "B", None)]


def test_a_need_is_nobody_s_until_somebody_takes_it() -> None:
    need = ("A", "We need to inform the tenants.")
    assert short(need, ("B", "They are angry.")) == [("Inform the tenants", None, None)]
    assert short(need, ("B", "Leave that to me. I'll put up a notice tonight.")) == [("Inform the tenants", "B", DAY)]


def test_one_turn_can_give_two_tasks() -> None:
    turns = (("A", "I'll pull the numbers, and you take them to the council."), ("B", "Deal."))
    assert short(*turns) == [("Pull the numbers", "A", None), ("Take them to the council", "B", None)]


@pytest.mark.parametrize(
    "said",
    [
        "I sent the report yesterday.",
        "I won't pay for that.",
        "I'll never look at a roof the same way again.",
        "If we had the money, we would hire somebody.",
        "If I had the nerves I'd bake it myself.",
        "I would make the buttons bigger.",
        "We should have renewed it in July.",
        "She said she'll come.",
        "I said I'll think about it.",
        "Let's get started.",
        "I need to design.",
        "I mean, let's just say that I was.",
        "Let's put it that way.",
        "Let me show you how that works.",
        "Can you see my screen?",
        "Could you tell us when the permit will come?",
        "How would you maintain that?",
        "I don't think we should promise anything.",
        "Take a course first, and never start with one hive.",
        "Somebody should invent something better.",
    ],
)
def test_what_is_no_action_item(said: str) -> None:
    assert short(("A", said), ("B", "Interesting.")) == []


def test_what_is_done_already_is_dropped() -> None:
    turns = (("A", "Tariq, would you mind sending the sheet?"), ("B", "I already sent it on Monday."))
    assert short(*turns) == []


def test_an_imperative_counts_when_it_is_taken_on() -> None:
    assert short(("A", "Buy one and give me the receipt."), ("B", "Okay.")) == [
        ("Buy one and give me the receipt", "B", None)
    ]
    assert short(("A", "Buy one and give me the receipt."), ("B", "In spring there are none.")) == []


def test_without_speakers_there_are_items_without_assignee() -> None:
    assert short((None, "I'll send the slides. Can you book the room?")) == [
        ("Send the slides", None, None),
        ("Book the room", None, None),
    ]


def test_other_languages_give_none_and_say_why() -> None:
    found = find_action_items(transcript_of([("A", "Ich schicke es bis Freitag.")], "de"), DAY)
    assert found.items == []
    assert found.note is not None and "English" in found.note and "'de'" in found.note
