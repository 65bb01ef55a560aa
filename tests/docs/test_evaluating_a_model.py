"""docs/evaluating-a-model.md, followed word by word: its commands, and what they print beside what it shows."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "evaluating-a-model.md"
BLOCKS = re.findall(r"^```(sh|text)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)*")
_NEAR, _PART = 0.1, 0.5
"""How far a figure of words may be from that of another kind of CPU, and by which part of itself."""


def differs(shown: str, printed: str) -> str | None:
    """What of a shown output is not what was printed, line by line; None where nothing is.

    `…` stands for anything. Counts, versions and whatever is above 1 are the same; ratios are near; signed differences
    may be any, and columns as wide as they need be.
    """
    if len(shown.splitlines()) != len(printed.splitlines()):
        return f"other lines:\n{printed}"
    for wanted, line in zip(_plain(shown), _plain(printed), strict=True):
        pattern = _NUMBER.sub("\0", wanted)
        pattern = re.escape(pattern).replace("\0", rf"({_NUMBER.pattern})").replace("…", ".*")
        found = re.fullmatch(pattern, line)
        if found is None:
            return f"{wanted}\nis printed as\n{line}"
        for number, other in zip(_NUMBER.findall(wanted), found.groups(), strict=True):
            if not _is_near(number, other):
                return f"{number} is printed as {other}: {line}"
    return None


def _plain(text: str) -> list[str]:
    return [re.sub(r" +", " ", re.sub(r"some \d+ more", "some # more", line)) for line in text.splitlines()]


def _is_near(shown: str, printed: str) -> bool:
    if shown[0] in "+-":
        return True
    if shown.count(".") != 1 or float(shown) >= 1:
        return shown == printed
    return abs(float(shown) - float(printed)) <= _NEAR + _PART * abs(float(shown))


def test_every_command_runs_and_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "datasets").symlink_to(PROJECT_ROOT / "datasets")
    script, shown = [], {}
    for kind, text in BLOCKS:
        if kind == "sh":
            script.append(text)
        else:
            shown[len(script) - 1] = text
    assert len(script) == 7 and len(shown) == 5
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail"],
        input="printf '\\0'\n".join(script),
        cwd=tmp_path,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    printed = done.stdout.split("\0")
    assert len(printed) == len(script)
    assert {place: differs(text, printed[place]) for place, text in shown.items()} == dict.fromkeys(shown)
    assert "Said" in printed[3]


@pytest.mark.parametrize(
    ("shown", "printed", "is_same"),
    [
        ("wer 0.095 [0.03, 0.27] …", "wer  0.120 [0.05, 0.30]   asr 3.9x", True),
        ("wer 0.095", "wer 0.500", False),
        ("6 cases", "5 cases", False),
        ("claims 5.66 %", "claims 5.67 %", False),
        ("whisper_english-0.1.15", "whisper_english-0.1.12", False),
        ("a beats b by +4.1 points; some 120 more", "a beats b by -1.0 points; some 9 more", True),
        ("a beats b", "b beats a", False),
        ("one line", "one line\nand another", False),
    ],
)
def test_what_counts_as_printed(shown: str, printed: str, is_same: bool) -> None:
    assert (differs(shown, printed) is None) is is_same


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)", PAGE.read_text()))))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (PAGE.parent / link).exists()
