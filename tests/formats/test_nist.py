"""RTTM, UEM, STM and CTM: what is read, what comes back as it was written, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import LabError
from modellab.formats.ctm import read_ctm, to_ctm
from modellab.formats.rttm import read_rttm, to_rttm
from modellab.formats.spoken import SpokenText, read_stm, to_stm
from modellab.formats.uem import read_uem, to_uem
from modellab.surfaces.results import Segment, Turn, Word

names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(lambda name: name == name.strip())
spans = st.tuples(st.integers(0, 10**7), st.integers(0, 10**5)).map(lambda ms: (ms[0] / 1000, (ms[0] + ms[1]) / 1000))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "a.txt"
        path.write_text(text, "utf-8", newline="")
        return path

    return write


def test_rttm_by_recording(written: Callable[[str], Path]) -> None:
    path = written(
        ";; made by hand\n"
        "SPEAKER one 1 2.500 1.25 <NA> <NA> MÉO069 <NA> <NA>\r\n"
        "SPEAKER one\t1  0.000 3.00 <NA> <NA> bob <NA>\n"
        "\n"
        "SPKR-INFO one 1 <NA> <NA> <NA> unknown bob <NA> <NA>\n"
        "SPEAKER two 1 1.000 1.00 <NA> <NA> bob <NA> <NA>\n"
    )
    assert read_rttm(path) == {
        "one": [Turn(0.0, 3.0, "bob"), Turn(2.5, 3.75, "MÉO069")],
        "two": [Turn(1.0, 2.0, "bob")],
    }


def test_names_of_speakers_are_taken_as_they_are(written: Callable[[str], Path]) -> None:
    """Each of these was lost, or swallowed the lines after it, in a reader that takes the file for a table."""
    speakers = ["NA", "null", "nan", "007", '"bob', '"ann', "#1", "a,b", "x\u00a0y"]
    path = written("".join(f"SPEAKER 001 1 {n} 0.5 <NA> <NA> {name} <NA> <NA>\n" for n, name in enumerate(speakers)))
    assert [turn.speaker for turn in read_rttm(path)["001"]] == speakers


def test_a_turn_of_no_length_is_kept(written: Callable[[str], Path]) -> None:
    path = written("SPEAKER a 1 9.5 0.0 <NA> <NA> bob <NA> <NA>\n")
    assert read_rttm(path) == {"a": [Turn(9.5, 9.5, "bob")]}


def test_uem_by_recording(written: Callable[[str], Path]) -> None:
    path = written("one NA 40 50\none NA 0.000 30.000\ntwo 1 0 1\n")
    assert read_uem(path) == {"one": [Segment(0.0, 30.0), Segment(40.0, 50.0)], "two": [Segment(0.0, 1.0)]}


def test_stm_with_text_comments_and_labels(written: Callable[[str], Path]) -> None:
    path = written(
        "\ufeff;; a comment\ncall 1 B 4.5 5 <o,f0,female> Oh, <hello> there.\n\ncall 1 A 0.0 4.0 Hi\u2028you\r\n"
        "call 1 A 6 7\n"
    )
    assert read_stm(path) == [
        SpokenText("call", "A", 0.0, 4.0, "Hi\u2028you"),
        SpokenText("call", "B", 4.5, 5.0, "Oh, <hello> there."),
        SpokenText("call", "A", 6.0, 7.0, ""),
    ]


def test_ctm_with_and_without_what_may_follow_the_word(written: Callable[[str], Path]) -> None:
    path = written(
        "call 1 2.0 0.5 b 0.25\ncall 1 0.5 1 a\ncall 1 3 0.5 c NA lex SPEAKER_01\ncall 1 4 .5 d 1 lex unknown\n"
        "other A 0 1 e 0.000000\n"
    )
    assert read_ctm(path) == {
        "call": [
            Word("a", 0.5, 1.5),
            Word("b", 2.0, 2.5, 0.25),
            Word("c", 3.0, 3.5, speaker="SPEAKER_01"),
            Word("d", 4.0, 4.5, 1.0),
        ],
        "other": [Word("e", 0.0, 1.0, 0.0)],
    }


@pytest.mark.parametrize(
    ("read", "form", "line"),
    [
        (read_rttm, "RTTM", "SPEAKER one 1 start 1.25 <NA> <NA> x <NA> <NA>"),
        (read_rttm, "RTTM", "SPEAKER one 1 1.0 -0.5 <NA> <NA> x <NA> <NA>"),
        (read_rttm, "RTTM", "SPEAKER one 1 1.0 nan <NA> <NA> x <NA> <NA>"),
        (read_rttm, "RTTM", f"SPEAKER one 1 1.0 {'9' * 400} <NA> <NA> x <NA> <NA>"),
        (read_rttm, "RTTM", "SPEAKER one 1 1.0 0.5"),
        (read_uem, "UEM", "one 1 5.0 4.0"),
        (read_uem, "UEM", "one 1 0 4.0 5.0"),
        (read_uem, "UEM", "one 1 1_0 40"),
        (read_stm, "STM", "call 1 A zero four Hi"),
        (read_stm, "STM", "call 1 A 4.0 3.9 Hi"),
        (read_stm, "STM", "call 1 A"),
        (read_ctm, "CTM", "call 1 * * <ALT_BEGIN>"),
        (read_ctm, "CTM", "call 1 0.0 1.0"),
        (read_ctm, "CTM", "call 1 0.0 1.0 word 1.5"),
    ],
)
def test_what_is_not_of_the_format_is_refused_by_line(
    read: Callable[[Path], Any], form: str, line: str, written: Callable[[str], Path]
) -> None:
    path = written(f";; begins well\n{line}\n")
    with pytest.raises(LabError, match=f"line 2 of .*a.txt is not {form}") as refused:
        read(path)
    assert refused.value.found == line[:80]


@pytest.mark.parametrize("read", [read_rttm, read_uem, read_stm, read_ctm])
def test_what_is_no_text_or_is_not_there_is_refused(read: Callable[[Path], Any], tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes("SPEAKER a 1 0 1 <NA> <NA> J\xfcrgen".encode("latin-1"))
    for name in ("latin", "none", "."):
        with pytest.raises(LabError, match="can't be read as"):
            read(tmp_path / name)


@given(st.lists(st.tuples(spans, names), max_size=5))
def test_turns_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, found: list[Any]) -> None:
    turns = [Turn(start_s, end_s, name) for (start_s, end_s), name in sorted(found)]
    path = tmp_path_factory.mktemp("rttm") / "a.rttm"
    path.write_text(to_rttm(turns, "a talk"), "utf-8")
    again = read_rttm(path).get("a_talk", [])
    assert [(t.start_s, round(t.end_s, 6), t.speaker) for t in again] == [
        (t.start_s, t.end_s, t.speaker) for t in turns
    ]


@given(st.lists(st.tuples(spans, names, names), max_size=5))
def test_spoken_text_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, found: list[Any]) -> None:
    said = [
        SpokenText("talk", speaker, *span, text) for span, speaker, text in sorted(found) if not text.startswith("<")
    ]
    path = tmp_path_factory.mktemp("stm") / "a.stm"
    path.write_text(to_stm(said), "utf-8")
    assert read_stm(path) == said


def test_stretches_and_words_come_back_as_they_were(written: Callable[[str], Path]) -> None:
    stretches = [Segment(0.0, 30.000001), Segment(40.0, 50.0)]
    assert read_uem(written(to_uem(stretches, "a b"))) == {"a_b": stretches}
    words = [Word("a", 0.5, 1.5), Word("b", 2.0, 2.5, 0.25)]
    assert read_ctm(written(to_ctm(reversed(words), "a b", duration_s=9.0))) == {"a_b": words}


def test_one_line_of_an_stm_stays_one_line() -> None:
    assert to_stm([SpokenText("a", "", 0.0, 1.0, "one\ntwo\u2028 three")]) == "a 1 unknown 0.000 1.000 one two three\n"
