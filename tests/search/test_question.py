"""What people type."""

import pytest

from modellab.errors import UsageError
from modellab.search.question import MOST_WORDS, Part, parts_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("budget", [(("budget",), False)]),
        ('budget "next year"', [(("budget",), False), (("next", "year"), True)]),
        ("“next year”", [(("next", "year"), True)]),
        ("well-known", [(("well", "known"), False)]),
        ("来年", [(("来", "年"), False)]),
        ("a a b", [(("a",), False), (("b",), False)]),
        ('a "a"', [(("a",), True)]),
        ('"" budget ?', [(("budget",), False)]),
    ],
)
def test_parts(text: str, parts: list[tuple[tuple[str, ...], bool]]) -> None:
    assert parts_of(text) == [Part(*part) for part in parts]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"next year', "quotation mark"),
        ("", "there is no word"),
        ("  ", "there is no word"),
        ("?! -", "there is no word"),
        ('""', "there is no word"),
        (" ".join(f"w{n}" for n in range(MOST_WORDS + 1)), f"up to {MOST_WORDS}"),
    ],
)
def test_what_cannot_be_searched_says_why_and_what_can(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        parts_of(text)
    assert refused.value.allowed
