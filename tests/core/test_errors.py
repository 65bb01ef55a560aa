"""How the lab's errors read: in one line, and on a page."""

import pytest

from modellab.errors import LabError, StepFailed, WeightsMissing


def test_a_page_says_what_to_do_before_where_was_looked_one_line_each():
    error = WeightsMissing(
        "no weights for model big:one",
        found=["local folder: /w does not exist", "wheel: big is not installed"],
        hint=["Put a.bin into /w.", "Or install big."],
    )
    assert error.page().splitlines() == [
        "no weights for model big:one.",
        "→ Put a.bin into /w.",
        "→ Or install big.",
        "Looked at:",
        "  - local folder: /w does not exist",
        "  - wheel: big is not installed",
    ]
    assert str(error) == (
        "no weights for model big:one; found local folder: /w does not exist; wheel: big is not installed. "
        "Put a.bin into /w. Or install big."
    )
    again = error.become(StepFailed)
    assert (again.page(), str(again)) == (error.page(), str(error))


@pytest.mark.parametrize(
    ("error", "page"),
    [
        (LabError("it broke."), "it broke."),
        (LabError("it broke", found="a", allowed="b", hint="Mend it."), "it broke.\n→ Mend it.\nFound: a\nAllowed: b"),
    ],
)
def test_a_short_error_has_a_short_page(error, page):
    assert error.page() == page


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LabError("it broke", found="a", hint="Mend it."), "it broke; found a. Mend it."),
        (LabError("it broke", found=["a", "b"]), "it broke.\nLooked at:\n  - a\n  - b"),
        (LabError("it broke", hint=["Mend it.", "Or leave it."]), "it broke.\n→ Mend it.\n→ Or leave it."),
    ],
)
def test_a_terminal_is_told_in_one_line_unless_there_are_several_things_to_tell_apart(error, told):
    assert error.told() == told
