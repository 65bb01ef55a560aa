"""SRT and WebVTT: what others write is read whole or refused, and what is written here comes back."""

from pathlib import Path

import pytest

from modellab.errors import LabError
from modellab.formats.subtitles import Cue, read_srt, read_vtt, to_srt, to_vtt

CUES = [
    Cue(0.0, 1.5, "Ann <Lee>", ("Hi & welcome <b>", r"a\Nb {\p1}")),
    Cue(1.0, 2.0, None, ("- one", "1 --> 2")),
    Cue(3600.25, 3601.0, "Bob", ("…",)),
]


def test_vtt_comes_back_as_it_was(tmp_path: Path) -> None:
    (path := tmp_path / "a.vtt").write_text(to_vtt(reversed(CUES), 4000.0), "utf-8")
    assert read_vtt(path) == CUES


def test_srt_comes_back_without_speakers_and_arrows(tmp_path: Path) -> None:
    (path := tmp_path / "a.srt").write_text(to_srt(reversed(CUES), 4000.0), "utf-8")
    assert read_srt(path) == [
        Cue(0.0, 1.5, None, ("Hi & welcome <b>", r"a\Nb {\p1}")),
        Cue(1.0, 2.0, None, ("- one", "1 → 2")),
        Cue(3600.25, 3601.0, None, ("…",)),
    ]


def test_vtt_of_other_programs(tmp_path: Path) -> None:
    (path := tmp_path / "a.vtt").write_text(
        "\ufeffWEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE not said\nnot said either\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:0%\n<v.loud Ann B>Hello &amp; <i>there</i>,\nBob.</v>\n\n"
        "01:00:03.000 --> 01:00:05.000\n<00:19.000><c>Hi</c>&nbsp;you\n",
        "utf-8",
    )
    assert read_vtt(path) == [
        Cue(1.0, 2.5, "Ann B", ("Hello & there,", "Bob.")),
        Cue(3603.0, 3605.0, None, ("Hi\u00a0you",)),
    ]


def test_srt_of_other_programs(tmp_path: Path) -> None:
    (path := tmp_path / "a.srt").write_bytes(
        b"\xef\xbb\xbf2\r\n00:00:05,000 --> 00:00:06,000\r\nlater\r\n\r\n1\r\n00:00:01,000 --> 00:00:02,500\r\n"
        b"Hello there,\r\nBob.\r\n"
    )
    assert read_srt(path) == [Cue(1.0, 2.5, None, ("Hello there,", "Bob.")), Cue(5.0, 6.0, None, ("later",))]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.vtt", "1\n00:00:01.000 --> 00:00:02.000\nno header\n"),
        ("a.vtt", "WEBVTT\n\n00:xx.000 --> 00:02.000\nlost\n"),
        ("a.vtt", "WEBVTT\n\n00:00.000 --> 2\nlost\n\n00:00.000 --> 00:02.000\nkept\n"),
        ("a.vtt", "WEBVTT\n\n00:05.000 --> 00:02.000\nbackwards\n"),
        ("a.srt", "just words\n"),
        ("a.srt", "1\n00:00:01,000 --> soon\nlost\n\n2\n00:00:01,000 --> 00:00:02,000\nkept\n"),
        ("a.srt", "1\n00:00:03,000 --> 00:00:02,000\nbackwards\n"),
    ],
)
def test_what_can_only_be_read_in_part_is_refused(name: str, text: str, tmp_path: Path) -> None:
    (path := tmp_path / name).write_text(text)
    with pytest.raises(LabError, match=r"a\.(vtt|srt)"):
        read_vtt(path) if name.endswith("vtt") else read_srt(path)
