"""TextGrids and Audacity's labels: what is read, whatever form and encoding it has, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.errors import LabError
from modellab.formats.labels import read_labels
from modellab.formats.textgrid import Label, Tier, read_textgrid

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 2.5
tiers? <exists>
size = 2
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 2.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.05
            text = ""
        intervals [2]:
            xmin = 1.05
            xmax = 1.5
            text = "say ""äh"" ! 3"
        intervals [3]:
            xmin = 1.5
            xmax = 2.5
            text = "two
lines"
    item [2]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 2.5
        points: size = 1
        points [1]:
            number = 0.25
            mark = "x"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0
2.5 ! seconds, 99 of them
<exists>
2
"IntervalTier"
"words"
0
2.5
3
0
1.05
""
1.05
1.5
"say ""äh"" ! 3"
1.5
2.5
"two
lines"
"TextTier"
"clicks"
0 2.5 1
0.25 "x"
"""
TIERS = [
    Tier("words", [Label(0.0, 1.05, ""), Label(1.05, 1.5, 'say "äh" ! 3'), Label(1.5, 2.5, "two\nlines")]),
    Tier("clicks", [Label(0.25, 0.25, "x")]),
]


@pytest.mark.parametrize("text", [LONG, SHORT])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_one_reader_for_both_forms_and_every_encoding_of_praats(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.TextGrid"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_bytes((mark + text).encode(encoding))
    assert read_textgrid(path) == TIERS


def test_lines_end_as_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_bytes(SHORT.replace("two\nlines", "two").replace("\n", "\r\n").encode())
    assert read_textgrid(path)[0].labels[-1] == Label(1.5, 2.5, "two")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9999), st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, said: list[tuple[int, str]]) -> None:
    path = tmp_path_factory.mktemp("grid") / "a.TextGrid"
    labels = [Label(ms / 1000, 10.0, text.strip()) for ms, text in said]
    written = "".join(f'{label.start_s} 10\n"{label.text.replace(chr(34), chr(34) * 2)}"\n' for label in labels)
    head = '"ooTextFile"\n"TextGrid"\n0 10 <exists> 1 "IntervalTier" "t" 0 10'
    path.write_text(f"{head} {len(labels)}\n{written}", "utf-8", newline="")
    assert read_textgrid(path) == [Tier("t", sorted(labels, key=lambda label: label.start_s))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SHORT.replace("1.05\n1.5", "1.05\nsoon"), 'line 18 of {path} is not TextGrid; found "say ""äh"" ! 3"'),
        (SHORT.replace('lines"', "lines"), "line 21 of {path} is not TextGrid; found none; allowed"),
        (SHORT[: SHORT.index('"TextTier"')], "line 22 of {path} is not TextGrid; found the file's end"),
        (SHORT.replace("1.5\n2.5", "1.5\n1"), "line 20 of {path} is not TextGrid; found 1 s; allowed: an end from 1.5"),
        (SHORT.replace("IntervalTier", "SpectrumTier"), "line 8 of {path} is not TextGrid; found 'SpectrumTier'"),
        (SHORT.replace('"TextGrid"', '"Pitch"'), "line 2 of {path} is not TextGrid; found 'ooTextFile', 'Pitch'"),
        (SHORT.replace("<exists>\n2", "<exists>\n1e9"), "line 7 of {path} is not TextGrid; found 1e9"),
        (SHORT.replace("\n3\n", "\n-1\n"), "line 12 of {path} is not TextGrid; found -1; allowed: a number of labels"),
        ("no grid", "line 1 of {path} is not TextGrid; found the file's end; allowed: ooTextFile, in quotation marks"),
        ('"one that never ends', "line 1 of {path} is not TextGrid; found none; allowed: a quotation mark at the end"),
    ],
)
def test_what_is_no_textgrid_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(text, "utf-8", newline="")
    with pytest.raises(LabError) as error:
        read_textgrid(path)
    assert told.format(path=path) in str(error.value)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b'"ooTextFile" "Text\xe4Grid"', "not UTF-8; found the byte 0xe4 at 18"),
        (b"\xff\xfea", "not UTF-16, as its first two bytes say; found truncated data at byte 2"),
    ],
)
def test_other_encodings_are_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_bytes(data)
    with pytest.raises(LabError, match="can't be read as TextGrid") as error:
        read_textgrid(path)
    assert told in str(error.value)


@pytest.mark.realdata
def test_grids_of_other_programs(data: Path) -> None:
    [words] = read_textgrid(data / "en-mfa-spontaneous/acoustic_corpus.TextGrid")[:1]
    assert (words.name, len(words.labels)) == ("words", 71)
    assert words.labels[:3] == [Label(0.0, 1.05, ""), Label(1.05, 1.2, "this"), Label(1.2, 1.34, "is")]
    [classes] = read_textgrid(data / "vad-musan-mix/musanmix-smn-gender.TextGrid")
    assert (classes.name, len(classes.labels)) == ("inaSpeechSegmenter", 12)
    assert classes.labels[0] == Label(0.0, 22.48, "music")


def test_labels_of_audacity(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("2.500000\t3.000000\tone\ttwo\r\n\\\t100.0\t200.0\n\n0.5\t0.5\n1.0\t2.0\t  speech \n", newline="")
    assert read_labels(path) == [Label(0.5, 0.5, ""), Label(1.0, 2.0, "speech"), Label(2.5, 3.0, "one\ttwo")]


@pytest.mark.parametrize("line", ["1.0 2.0 speech", "2.0\t1.0\tspeech", "-1\t1.0\tspeech", "1.0", "nan\t2.0\tx"])
def test_what_is_no_label_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_text(f"0.0\t1.0\tspeech\n{line}\n")
    with pytest.raises(LabError) as error:
        read_labels(path)
    assert str(error.value) == (
        f"line 2 of {path} is not Audacity's labels; found {line}; "
        "allowed: start end text, separated by tabs; times in seconds."
    )
