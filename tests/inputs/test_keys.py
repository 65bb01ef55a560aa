import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.inputs.keys import digits_of, input_key, slug

SHA256 = "0a1b2c3d4e5f6789" * 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Weekly Sync.m4a", "weekly-sync"),
        ("weekly_sync (2).final.mp3", "weekly-sync-2-final"),
        ("Köln Überblick ß.wav", "koln-uberblick-ss"),
        ("Łódź, Ærø & Þór.wav", "lodz-aero-thor"),
        ("Встреча.ogg", "vstrecha"),
        ("会議.wav", "huiyi"),
        ("Ann's call | [a,b] ... x.wav", "anns-call-a-b-x"),
        ("notes", "notes"),
        (".wav", "wav"),
        ("...", "input"),
        ("_ - _.wav", "input"),
        ("\ufffd\ufffd.wav", "input"),
        ("v1.2 of the talk", "v1-2-of-the-talk"),
        ("0a1b2c3d4e5f6789.wav", "0a1b2c3d4e5f6789"),
        ("x" * 60 + ".wav", "x" * 40),
        ("a recording of the board of the garden cooperative.wav", "a-recording-of-the-board-of-the-garden"),
    ],
)
def test_a_name_becomes_a_slug(name: str, expected: str) -> None:
    assert slug(name) == expected
    assert input_key(name, SHA256) == f"{expected}-0a1b2c3d4e5f6789"


@given(st.text(max_size=255))
def test_any_name_makes_a_key_that_dagster_and_files_can_hold(name: str) -> None:
    key = input_key(name, SHA256)
    assert digits_of(key) == "0a1b2c3d4e5f6789"
    assert len(key) <= 57 and set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not key.startswith("-") and "--" not in key


@pytest.mark.parametrize(
    "text", ["", "0a1b", "a-0A1B2C3D4E5F6789", "a b-0a1b2c3d4e5f6789", "-0a1b2c3d4e5f6789", "../0a1b2c3d4e5f6789"]
)
def test_what_is_no_key(text: str) -> None:
    assert digits_of(text) is None


def test_the_digits_alone_are_a_key() -> None:
    assert digits_of("0a1b2c3d4e5f6789") == "0a1b2c3d4e5f6789"
