"""Written dialogues, as people keep minutes: a heading, and lines that begin with who speaks.

Release planning, 2026-03-11.
Ana: Okay, let's get started.
Ben: We got forty reports over the weekend.
"""

import re
from dataclasses import dataclass
from datetime import date

_TURN = re.compile(r"(?P<name>[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,3}): +(?P<words>\S.*)")
"""A name of at most four words, a colon, and what is said."""
_DAY = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class WrittenDialogue:
    """Who says what, in order."""

    heading: str
    """All before the first turn."""
    turns: tuple[tuple[str, str], ...]
    """Speaker's name and words."""

    @property
    def speakers(self) -> tuple[str, ...]:
        """In order of first turn."""
        return tuple(dict.fromkeys(name for name, _ in self.turns))

    @property
    def labels(self) -> dict[str, str]:
        """Name -> label, as who tells voices apart would give it: names are for text steps to find out."""
        return {name: f"SPEAKER_{number:02d}" for number, name in enumerate(self.speakers)}

    @property
    def day(self) -> date | None:
        """The day that the heading names, as YYYY-MM-DD; the first, where it names several."""
        for written in _DAY.findall(self.heading):
            try:
                return date.fromisoformat(written)
            except ValueError:
                continue  # the 31st of February
        return None


def written_dialogue(text: str) -> WrittenDialogue:
    """A text as a dialogue; a line without a speaker belongs to the turn before it, or to the heading."""
    heading: list[str] = []
    turns: list[tuple[str, str]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if begun := _TURN.fullmatch(line):
            turns.append((begun["name"], begun["words"]))
        elif turns:
            name, words = turns[-1]
            turns[-1] = name, f"{words} {line}"
        else:
            heading.append(line)
    return WrittenDialogue(" ".join(heading), tuple(turns))
