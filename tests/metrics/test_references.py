"""Reading RTTM, UEM and STM, and refusing what is none."""

from pathlib import Path

import pytest

from modellab.errors import LabError
from modellab.metrics.references import SpokenText, read_rttm, read_stm, read_uem
from modellab.surfaces.results import Segment, Turn


def test_rttm_by_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text(
        "SPEAKER one 1 2.500 1.25 <NA> <NA> MÉO069 <NA> <NA>\n"
        "SPEAKER one 1 0.000 3.00 <NA> <NA> bob <NA> <NA>\n"
        "SPKR-INFO one 1 <NA> <NA> <NA> unknown bob <NA> <NA>\n"
        "SPEAKER two 1 1.000 1.00 <NA> <NA> bob <NA> <NA>\n"
    )
    assert read_rttm(path) == {
        "one": [Turn(0.0, 3.0, "bob"), Turn(2.5, 3.75, "MÉO069")],
        "two": [Turn(1.0, 2.0, "bob")],
    }


def test_uem_by_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.uem"
    path.write_text("one NA 0.000 30.000\none NA 40 50\n")
    assert read_uem(path) == {"one": [Segment(0.0, 30.0), Segment(40.0, 50.0)]}


def test_stm_with_text_comments_and_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.stm"
    path.write_text(
        ";; a comment\ncall 1 B 4.5 5 <o,f0,female> Oh, <hello> there.\n\ncall 1 A 0.0 4.0 Hi\ncall 1 A 6 7\n"
    )
    assert read_stm(path) == [
        SpokenText("call", "A", 0.0, 4.0, "Hi"),
        SpokenText("call", "B", 4.5, 5.0, "Oh, <hello> there."),
        SpokenText("call", "A", 6.0, 7.0, ""),
    ]


def test_what_is_no_reference_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("call 1 A zero four Hi\n")
    with pytest.raises(LabError, match=r"line 1 of .*a\.txt is not STM"):
        read_stm(path)
    path.write_text("SPEAKER one 1 start 1.25 <NA> <NA> x <NA> <NA>\n")
    with pytest.raises(LabError, match="can't be read as RTTM"):
        read_rttm(path)
    with pytest.raises(LabError, match="can't be read as UEM"):
        read_uem(tmp_path / "none.uem")
