import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.bundle.naming import clean, safe_name, title_of


def test_clean_keeps_joiners_and_drops_what_hides_or_reorders() -> None:
    assert clean(" a\tb\n\nc\x00\x1b[31m ") == "a b c[31m"
    assert clean("report\u202egpj.exe") == "reportgpj.exe"
    assert clean("می\u200cخواهم") == "می\u200cخواهم"


def test_lone_surrogates_of_undecodable_file_names_become_question_marks() -> None:
    assert clean("caf\udce9") == "caf?"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("Weekly_sync.wav", "Weekly sync"),
        ("notes.2024.05.mp3", "notes.2024.05"),
        ("no-ending", "no-ending"),
        (".wav", ".wav"),
        ("\u202e.wav", "Recording"),
        ("会議.m4a", "会議"),
    ],
)
def test_title(name: str, title: str) -> None:
    assert title_of(name) == title


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Weekly sync (1).wav", "Weekly-sync-1"),
        ("../../etc/passwd.wav", "etc-passwd"),
        ("con.wav", "meeting"),
        ("<script>.mp3", "script"),
        ("...", "meeting"),
        ("会議 2024.m4a", "会議-2024"),
        ("x" * 300 + ".wav", "x" * 80),
        ("", "meeting"),
        ("   .wav", "meeting"),
        ("CON", "meeting"),
        ("Nul.txt", "meeting"),
        ("NUL.txt.wav", "NUL-txt"),
        ("com¹.wav", "meeting"),
        ("LPT9.mp3", "meeting"),
        ("CONIN$.wav", "CONIN"),
        ("call .  . .wav", "call"),
        ('a:b*c?"d"<e>|f.wav', "a-b-c-d-e-f"),
        ("C:\\calls\\monday.wav", "C-calls-monday"),
        ("é" * 100 + ".wav", "é" * 40),
    ],
)
def test_safe_name(name: str, safe: str) -> None:
    assert safe_name(name, "meeting") == safe


@given(st.text(max_size=300))
def test_any_name_becomes_a_portable_one(name: str) -> None:
    safe = safe_name(name, "meeting")
    assert 0 < len(safe.encode()) <= 80
    assert all(c.isalnum() or c in "_-" for c in safe)
    assert safe[0] not in "-_."
