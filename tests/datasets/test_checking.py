"""What is told of a dataset that something is wrong with; and of one that is sound, nothing."""

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.checking import check_dataset
from modellab.datasets.problems import no_text, problems_of
from modellab.datasets.reference import (
    Reference,
    ReferenceAction,
    ReferenceChapter,
    ReferenceNote,
    ReferenceUtterance,
)
from modellab.datasets.sources import Sources
from modellab.settings import Lab
from modellab.surfaces.results import Segment, Turn, Word

from .conftest import RATE_HZ, WriteDataset, digest_of, tone


@pytest.fixture
def check(lab: Lab, shipped: Path, write: WriteDataset) -> Any:
    """Writes a dataset and says what is wrong with it, a line each."""

    def run(*cases: dict[str, Any], **changes: Any) -> list[str]:
        write("d", cases=list(cases), **({"language": "en"} | changes))
        return [str(each) for each in check_dataset(lab, Catalogue(lab, shipped).get("d"), Sources(lab))]

    return run


def recorded(path: Path, shipped: Path) -> dict[str, str]:
    return {"file": path.relative_to(shipped).as_posix(), "sha256": digest_of(path)}


def test_a_sound_dataset_has_no_problems(check: Any, shipped: Path) -> None:
    a, b, clean = tone(shipped / "a.wav"), tone(shipped / "b.wav", 2.0, 300), tone(shipped / "clean.wav")
    cases = (
        {"id": "a", "source": recorded(a, shipped), "reference": {"text": "hello", "clean": recorded(clean, shipped)}},
        {"id": "b1", "source": recorded(b, shipped), "reference": {"stm": "b 1 x 0 1 hi\n", "uem": "b 1 0 1\n"}},
        {"id": "b2", "source": recorded(b, shipped), "reference": {"stm": "b 1 x 1 2.04 ho\n", "uem": "b 1 1 2\n"}},
        {"id": "silent", "source": recorded(tone(shipped / "c.wav", 0.5), shipped), "reference": {"text": ""}},
        {"id": "say", "source": {"text": "Good morning."}},
    )
    assert check(*cases, tasks=["asr", "meeting", "enhance", "tts"]) == []


def test_every_problem_with_files_is_told_at_once(check: Any, shipped: Path) -> None:
    a = tone(shipped / "a.wav")
    (shipped / "broken.wav").write_text("not media at all")
    changed, gone = {"file": "a.wav", "sha256": "0" * 64}, {"file": "gone.wav", "sha256": "1" * 64}
    short = tone(shipped / "short.wav", 0.5)
    found = check(
        {"id": "changed", "source": changed, "reference": {"text": "hello"}},
        {"id": "gone", "source": gone, "reference": {"text": "hello", "rttm": {"file": "gone.rttm"}}},
        {"id": "broken", "source": recorded(shipped / "broken.wav", shipped), "reference": {"text": "hello"}},
        {"id": "clean", "source": recorded(a, shipped), "reference": {"clean": recorded(short, shipped)}},
    )
    assert [line.split(";")[0] for line in found] == [
        "changed, source: a.wav is not the file that the manifest states",
        "gone, source: gone.wav is missing",
        "gone, rttm: gone.rttm is missing",
        "broken, source: broken.wav is not audio or video in a format that can be decoded",
        "clean, clean: it lasts 0.5 s, and the recording 1 s",
    ]


def test_the_same_recording_sound_or_text_twice(check: Any, shipped: Path) -> None:
    a = tone(shipped / "a.wav", 3.0)
    samples, rate = soundfile.read(a, dtype="int16")
    soundfile.write(shipped / "a.flac", samples, rate)
    known: dict[str, Any] = {"text": "hello"}
    found = check(
        {"id": "one", "source": recorded(a, shipped), "reference": {**known, "uem": "a 1 0 2\n"}},
        {"id": "two", "source": recorded(a, shipped), "reference": {**known, "uem": "a 1 1.5 3\n"}},
        {"id": "three", "source": recorded(shipped / "a.flac", shipped), "reference": known},
        {"id": "four", "source": {"text": "Good  morning."}},
        {"id": "five", "source": {"text": "Good morning."}},
    )
    assert found == [
        "two, source: the same recording as case one, and both are scored at 1.5 to 2 s",
        "three, source: the same sound as case one, in another file",
        "five, source: the same text as case four",
    ]
    twice = check(
        {"id": "one", "source": recorded(a, shipped), "reference": known},
        {"id": "two", "source": recorded(a, shipped), "reference": known},
    )
    assert twice == ["two, source: the same recording as case one, and both are scored as a whole"]


def test_cases_that_nothing_is_known_of_and_tasks_that_nothing_judges(check: Any, shipped: Path) -> None:
    a = tone(shipped / "a.wav")
    silence = shipped / "silence.wav"
    soundfile.write(silence, np.zeros(RATE_HZ, np.float32), RATE_HZ)
    found = check(
        {"id": "a", "source": recorded(a, shipped)},
        {"id": "s", "source": recorded(silence, shipped), "reference": {"text": "hello"}},
        tasks=["asr", "diarization"],
        language=None,
    )
    assert found == [
        "tasks: no case has what diarization is judged by: rttm",
        "a, reference: nothing is known of it, so nothing can be held against it",
        "s, language: there is text, and nobody says in which language",
        "s, source: the recording is silent, and somebody speaks all the same",
    ]


def told(duration_s: float | None = 10.0, language: str | None = "en", **known: Any) -> list[str]:
    return [f"{found.part}: {found.what}" for found in problems_of(Reference(language=language, **known), duration_s)]


def test_translations_that_are_none() -> None:
    known: dict[str, Any] = {"text": "hello"}
    assert told(**known, translations={"de": "hallo", "pt-BR": "olá"}) == []
    assert told(**known, translations={"de": "[noise]", "fr": "", "en-GB": "hello", "qq": "hello"}) == [
        "translations.de: only markup: '[noise]'",
        "translations.fr: it is empty, and something is said",
        "translations.en-GB: en-GB is the language that is spoken",
        "translations.qq: there is no language 'qq' in ISO 639-1",
    ]
    assert told(text="", translations={"de": "hallo"}) == ["translations.de: nothing is said to translate"]


def test_times_outside_the_recording() -> None:
    assert told(turns=[Turn(0.0, 10.04, "a")]) == []
    assert told(duration_s=None, turns=[Turn(0.0, 99.0, "a")]) == []
    assert told(turns=[Turn(0.0, 11.0, "a"), Turn(12.0, 13.0, "a")], words=[Word("x", 9.0, 10.2)]) == [
        "words: one lies outside the recording of 10 s: up to 10.2 s",
        "turns: 2 lie outside the recording of 10 s: up to 13 s",
    ]
    assert told(notes=[ReferenceNote(1.0, 1.0, 60)]) == ["notes: one lasts no time: 1 to 1 s"]
    chapters = [ReferenceChapter(0.0), ReferenceChapter(12.0), ReferenceChapter(5.0)]
    assert told(chapters=chapters) == [
        "chapters: not in order of time: 0 s, 12 s, 5 s",
        "chapters: one begins at 12 s, and the recording ends at 10 s",
    ]
    assert told(actions=[ReferenceAction("send it", start_s=11.0, end_s=10.5)]) == [
        "actions: 'send it' is at 11 s, after the recording's end",
        "actions: 'send it' ends before it begins",
    ]


def test_one_who_speaks_twice_at_once() -> None:
    assert told(turns=[Turn(0.0, 2.0, "a"), Turn(1.0, 3.0, "b"), Turn(1.96, 4.0, "a")]) == []
    overlapping = [Turn(0.0, 5.0, "a"), Turn(1.0, 2.0, "a"), Turn(3.0, 4.0, "a"), Turn(1.0, 2.0, "b")]
    assert told(turns=overlapping) == ["turns: a speaks twice at once: 0 to 5 s and 1 to 2 s (2 times)"]
    words = [Word("one", 0.0, 1.0), Word("two", 0.5, 1.5)]
    assert told(words=words) == ["words: words overlap: 0 to 1 s and 0.5 to 1.5 s"]


_spans = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(1, 6)), max_size=8)


@settings(max_examples=200, deadline=None)
@given(spans=_spans)
def test_who_speaks_twice_at_once_is_found_as_by_comparing_all_pairs(spans: list[tuple[str, int, int]]) -> None:
    turns = [Turn(start / 10, (start + length) / 10, speaker) for speaker, start, length in spans]
    by_pairs = any(
        one.speaker == other.speaker and min(one.end_s, other.end_s) - max(one.start_s, other.start_s) > 0.05 + 1e-9
        for one, other in combinations(turns, 2)
    )
    assert bool(told(turns=sorted(turns, key=lambda turn: turn.start_s))) == by_pairs


def test_a_recording_of_many_cases_is_decoded_once(check: Any, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from modellab.datasets import checking

    decoded: list[Path] = []
    original = checking.sound_facts

    def counting(path: Path, longest_s: float) -> Any:
        decoded.append(path)
        return original(path, longest_s)

    monkeypatch.setattr(checking, "sound_facts", counting)
    long = tone(shipped / "long.wav", 5.0)
    cases = [
        {"id": f"c{n}", "source": recorded(long, shipped), "reference": {"text": "x", "uem": f"long 1 {n} {n + 1}\n"}}
        for n in range(5)
    ]
    assert check(*cases) == []
    assert decoded == [long]


def test_texts_that_are_none() -> None:
    assert told(utterances=[ReferenceUtterance(0.0, 1.0, "a", ""), ReferenceUtterance(1.0, 2.0, "a", "[noise]")]) == [
        "utterances: the text at 0 to 1 s is none: it is empty (2 such utterances)"
    ]
    assert told(text="", turns=[Turn(0.0, 1.0, "a")]) == ["text: nothing is said, and there is speech all the same"]
    assert told(text="hello", speech=[], turns=[]) == [
        "speech: there is no speech, and something is said all the same",
        "turns: nobody speaks, and something is said all the same",
    ]
    assert told(prompt="") == ["prompt: nothing is to be said"]
    assert told(text="Call Anna Ek", names=["anna ek", "Ben"]) == ["names: the text does not say 'Ben'"]
    assert told(text="") == []


@pytest.mark.parametrize("text", ["hello", "(well) yes", "你好", "42", "नमस्ते", "x\u200dy", "<unk> hello"])
def test_texts_that_are_some(text: str) -> None:
    assert no_text(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[noise] (laughs)", "only markup"),
        ("...", "only markup"),
        ("<unk>", "only markup"),
        ("a\x07b", r"the control character U\+0007 at 1"),
        ("caf\ufffd", "could not be read"),
    ],
)
def test_texts_that_are_no_text(text: str, why: str) -> None:
    assert re.search(why, no_text(text) or "")


def test_languages() -> None:
    assert told(text="hello", language="xx") == ["language: there is no language 'xx' in ISO 639-1"]
    for language in ("en", "pt-BR", "rw", "yue", "haw"):
        assert told(text="hello", language=language) == []
    assert told(language=None, speech=[Segment(0.0, 1.0)]) == []
