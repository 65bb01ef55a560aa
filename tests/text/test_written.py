"""Written dialogues: who says what, and the day of their heading."""

from datetime import date
from typing import get_args

import pytest

from modellab.datasets.loading import read_manifest
from modellab.settings import PROJECT_ROOT
from modellab.text.dialogues import Split, load_dialogues
from modellab.text.written import WrittenDialogue, written_dialogue


def test_turns_go_on_over_lines_and_what_is_before_them_is_heading() -> None:
    found = written_dialogue(
        "Weekly, 2026-03-11.\n\nRoom 3\nAna: Hello: all.\nDr. van der Berg: Yes,\n  I am here.\n\nAna:  Good.\n"
    )
    assert found.heading == "Weekly, 2026-03-11. Room 3"
    assert found.turns == (("Ana", "Hello: all."), ("Dr. van der Berg", "Yes, I am here."), ("Ana", "Good."))
    assert found.speakers == ("Ana", "Dr. van der Berg")
    assert found.labels == {"Ana": "SPEAKER_00", "Dr. van der Berg": "SPEAKER_01"}
    assert found.day == date(2026, 3, 11)


@pytest.mark.parametrize(
    "line",
    [
        *("Ana:", "Ana : hello", ": hello", "at 10:30 we begin", "We have five words here: and this", "7: seven"),
        *("https://example.org", "Ana:hello"),
    ],
)
def test_what_is_no_turn_is_none(line: str) -> None:
    assert written_dialogue(line) == WrittenDialogue(line, ())
    assert written_dialogue(f"Ben: Yes.\n{line}").turns == (("Ben", f"Yes. {line}"),)


@pytest.mark.parametrize(
    ("heading", "day"),
    [
        ("2026-02-31 and 2026-03-01", date(2026, 3, 1)),
        ("12026-03-01", None),
        ("11 March 2026", None),
        ("", None),
    ],
)
def test_the_day_is_one_of_the_calendar(heading: str, day: date | None) -> None:
    assert written_dialogue(f"{heading}\nAna: On 2026-05-05.").day == day


def test_the_shipped_texts_are_the_dialogues_that_they_were_made_of() -> None:
    cases = {case.id: case.source for case in read_manifest(PROJECT_ROOT / "datasets" / "dialogues_v1.yaml").cases}
    dialogues = [dialogue for split in get_args(Split) for dialogue in load_dialogues(split)]
    assert len(cases) == len(dialogues) == 16
    for dialogue in dialogues:
        found = written_dialogue(cases[dialogue.id].text)  # type: ignore[union-attr]
        assert found.turns == dialogue.turns
        assert found.day == dialogue.recorded_on
