"""Sound on its way to a service, and a service's words on their way back."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab.media.audio import Samples
from modellab.services.access import TooLarge
from modellab.speech.by_pieces import Heard
from modellab.speech.by_service import (
    OneHearing,
    Timed,
    Upload,
    flac,
    language_code,
    one_by_one,
    spread,
    terms,
    written,
)
from modellab.surfaces.results import Word

RATE = 16_000


def timed(*words: str) -> list[Timed]:
    return [Timed(word, float(place), place + 0.5, 0.9) for place, word in enumerate(words)]


def shown(text: str, *words: str) -> list[tuple[str, bool]]:
    return [(word.text, word.space_before) for word in written(text, timed(*words))]


@pytest.mark.parametrize(
    ("text", "listed", "wanted"),
    [
        ("Hello, world. Bye!", ("hello", "world", "bye"), [("Hello,", True), ("world.", True), ("Bye!", True)]),
        ('He said: "No".', ("he", "said", "no"), [("He", True), ("said:", True), ('"No".', True)]),
        ("¿Qué? Sí.", ("qué", "sí"), [("¿Qué?", True), ("Sí.", True)]),
        (
            "A well-known man",
            ("a", "well", "known", "man"),
            [*[("A", True), ("well-", True)], ("known", False), ("man", True)],
        ),
        ("你好。再见", ("你", "好", "再见"), [("你", True), ("好。", False), ("再见", False)]),
        (" Hi there ", (" Hi", " there"), [("Hi", True), ("there", True)]),
        ("Mr. Smith came", ("mister", "smith", "came"), [("mister", True), ("Smith", True), ("came", True)]),
        ("one two", ("nothing", "like", "it"), [("nothing", True), ("like", True), ("it", True)]),
        ("", ("alone",), [("alone", True)]),
        ("text", (), []),
        ("well — yes", ("well", "yes"), [("well", True), ("yes", True)]),
        ("İstanbul DIR", ("İstanbul", "DIR"), [("İstanbul", True), ("DIR", True)]),
    ],
)
def test_words_are_written_as_the_text_has_them(text: str, listed: Any, wanted: list[tuple[str, bool]]) -> None:
    assert shown(text, *listed) == wanted


@given(
    st.lists(
        st.tuples(st.text("abcßéЖ0", min_size=1, max_size=5), st.sampled_from(["", ",", ".", "?!", "»"])),
        min_size=1,
        max_size=12,
    )
)
def test_all_words_together_are_the_text(parts: list[tuple[str, str]]) -> None:
    text = " ".join(word + mark for word, mark in parts)
    found = written(text, timed(*(word for word, _ in parts)))
    assert " ".join(word.text for word in found) == text
    assert [word.start_s for word in found] == [float(place) for place in range(len(parts))]


def test_times_are_put_in_order_and_nothing_is_dropped() -> None:
    listed = [Timed("a", 1.0, 0.5), Timed(" ", 1.0, 2.0), Timed("b", 0.2, 0.4), Timed("c", 3.0, 4.0, 0.5)]
    assert written("a b c", listed) == [
        Word("a", 1.0, 1.0),
        Word("b", 1.0, 1.0),
        Word("c", 3.0, 4.0, 0.5),
    ]


def test_words_of_a_segment_share_its_time_by_their_letters_and_are_marked() -> None:
    one, other = spread(" Good evening. ", 10.0, 13.3)
    assert (one.text, one.start_s, round(one.end_s, 6), one.estimated) == ("Good", 10.0, 11.2, True)
    assert (other.text, round(other.start_s, 6), round(other.end_s, 6)) == ("evening.", 11.2, 13.3)
    assert spread("  ", 0.0, 1.0) == []


def test_languages_by_any_of_their_names() -> None:
    assert [language_code(said) for said in ("en", "en-US", "en_us", "English", "haitian creole", "zh-TW")] == [
        *("en", "en", "en", "en", "ht", "zh")
    ]
    assert language_code(None) is None is language_code("")


def test_terms_are_parted_by_commas_and_slashes() -> None:
    assert terms("Anna Smith, Köln/ AI ;") == ["Anna Smith", "Köln", "AI"]
    assert terms(None) == [] == terms(" , ")


def test_sound_goes_as_16_bits_without_loss_of_these() -> None:
    sound = np.random.default_rng(0).uniform(-1.2, 1.2, RATE).astype(np.float32)
    back, rate = soundfile.read(BytesIO(flac(sound, RATE)), dtype="int16")
    assert rate == RATE
    assert np.abs(back / 32768.0 - np.clip(sound, -1.0, 1.0)).max() <= 1.0 / 32768.0


def test_what_is_read_of_an_upload_is_told_and_never_falls() -> None:
    told: list[float] = []
    hearing = OneHearing(told.append)
    for _ in range(2):  # it is sent again
        upload = Upload(bytes(1000), hearing)
        while upload.read(300):
            pass
    hearing.heard()
    assert told[0] == pytest.approx(0.09) and told[-1] == 1.0
    assert told == sorted(told)


def test_a_pause_asks_whether_to_go_on() -> None:
    class Stopped(Exception):
        pass

    def stop(fraction: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        OneHearing(stop).pause(60.0)


def _too_large_over(longest_s: float) -> tuple[list[float], Any]:
    asked: list[float] = []

    def hear(sound: Samples, hearing: OneHearing) -> Heard:
        seconds = len(sound) / RATE
        asked.append(seconds)
        if seconds > longest_s:
            raise TooLarge("less, please")
        hearing.heard()
        return Heard(f"of {seconds:.0f}", [Word(f"of {seconds:.0f}", 0.0, seconds)], language="en")

    return asked, hear


def test_a_piece_that_is_too_large_is_asked_about_in_parts_at_its_quietest_place() -> None:
    sound = np.full(100 * RATE, 0.5, np.float32)
    sound[44 * RATE : 46 * RATE] = 0.0  # within a fifth around the middle
    asked, hear = _too_large_over(60.0)
    told: list[float] = []
    [heard] = one_by_one(hear, RATE)([sound], told.append)
    assert [round(seconds) for seconds in asked] == [100, 44, 56]
    assert heard.text == "of 44 of 56" and heard.language == "en"
    assert heard.words is not None and [round(word.start_s) for word in heard.words] == [0, 44]
    assert told == sorted(told) and told[-1] == 1.0


def test_a_short_piece_that_is_too_large_is_an_error() -> None:
    asked, hear = _too_large_over(1.0)
    with pytest.raises(TooLarge):
        one_by_one(hear, RATE)([np.zeros(50 * RATE, np.float32)], lambda fraction: None)
    assert [round(seconds) for seconds in asked] == [50, 20]
