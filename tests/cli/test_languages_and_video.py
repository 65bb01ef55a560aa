"""Speech that is not English, and video files, through the real `modellab run`, from the file to the Meeting Pack."""

import csv
import io
import json
import re
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modellab.metrics.score import Score
from modellab.metrics.transcription import transcription_error
from modellab_dagster.command import main

GERMAN, FRENCH = "xx-azure-custom-speech/de-DE_audio.flac", "xx-picovoice/test_fr.wav"
FILM, TWO_TRACKS, SILENT_FILM = "video/jfk.mp4", "video/two_tracks.mkv", "video/jfk_noaudio.mp4"
STEPS = [
    "ingest",
    "vad",
    "asr",
    "diarization",
    "alignment",
    "hallucinations",
    "chapters",
    "summarize",
    "action_items",
    "bundle",
]


@dataclass(frozen=True)
class Ran:
    """What one `modellab run` of several files gave."""

    code: int
    entries: dict[str, dict[str, Any]]
    """File, relative to the recordings -> its entry in the command's JSON."""
    printed: list[str]
    """Lines of standard error."""

    def transcript(self, name: str) -> dict[str, Any]:
        """The pack's JSON."""
        content: dict[str, Any] = json.loads(self.read(name, "transcript.json"))
        return content

    def read(self, name: str, file: str) -> str:
        """A file of the pack."""
        with zipfile.ZipFile(self.entries[name]["bundle"]) as pack:
            (inside,) = (each for each in pack.namelist() if each.endswith(f"/{file}") or each == file)
            return pack.read(inside).decode()


@pytest.fixture(scope="module")
def ran(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All the files in one go, as a user would give them."""
    names = (GERMAN, FRENCH, FILM, TWO_TRACKS, SILENT_FILM)
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_HOME", str(tmp_path_factory.mktemp("lab")))
        patch.setenv("MODELLAB_OFFLINE", "true")
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["run", *(str(data / name) for name in names), "--json"])
    entries = {str(Path(entry["path"]).relative_to(data)): entry for entry in json.loads(out.getvalue())["inputs"]}
    return Ran(code, entries, err.getvalue().splitlines())


def errors(data: Path, name: str, found: dict[str, Any]) -> Score:
    """Word errors against the recording's reference."""
    with (data / name).with_name("transcripts.tsv").open(newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        (reference,) = (row["text"] for row in rows if row["file"] == Path(name).name)
    text = " ".join(paragraph["text"] for paragraph in found["paragraphs"])
    return transcription_error(reference, text, found["language"])


@pytest.mark.parametrize("name", [GERMAN, FRENCH, FILM, TWO_TRACKS])
def test_every_step_is_done(ran: Ran, name: str) -> None:
    entry = ran.entries[name]
    assert (entry["status"], [step["step"] for step in entry["steps"]]) == ("completed", STEPS)
    assert {step["status"] for step in entry["steps"]} == {"completed"}
    assert json.loads(ran.read(name, "manifest.json"))["absent"] == []


@pytest.mark.parametrize(("name", "language", "words", "most"), [(GERMAN, "de", 77, 7), (FRENCH, "fr", 11, 0)])
def test_the_language_is_detected_and_the_words_are_right(
    ran: Ran, data: Path, name: str, language: str, words: int, most: int
) -> None:
    found = ran.transcript(name)
    assert found["language"] == language
    assert found["language_probability"] > 0.99
    rate = errors(data, name, found)
    assert rate.denominator == words
    assert rate.numerator <= most


@pytest.mark.parametrize(("name", "language"), [(GERMAN, "de"), (FRENCH, "fr")])
def test_the_page_marks_what_is_said_with_its_language(ran: Ran, name: str, language: str) -> None:
    page = ran.read(name, "index.html")
    assert len(re.findall(rf'<div class="lines[^"]*" lang="{language}">', page)) == 1
    assert f'<li dir="auto"><span lang="{language}">' in page
    assert re.findall(r"<html[^>]*>", page) == ['<html lang="en">']


@pytest.mark.parametrize(("name", "language"), [(GERMAN, "de"), (FRENCH, "fr")])
def test_the_pack_says_why_there_are_no_action_items(ran: Ran, name: str, language: str) -> None:
    found = ran.transcript(name)["action_items"]
    assert found["items"] == []
    assert f"found by rules for English; this recording is in '{language}'" in found["note"]
    assert found["note"] in ran.read(name, "transcript.md")


def test_the_german_summary_says_what_was_said_word_for_word(ran: Ran) -> None:
    """In German, um and er are no fillers."""
    found = ran.transcript(GERMAN)
    lines = [line["text"] for line in found["summary"]["lines"]]
    assert len(lines) == 4
    said = " ".join(paragraph["text"] for paragraph in found["paragraphs"])
    assert all(line in said for line in lines)
    assert any("Testnamen, um die Seite" in line for line in lines)
    assert [chapter["first_word"] for chapter in found["chapters"]] == [0]


@pytest.mark.parametrize("name", [FILM, TWO_TRACKS])
def test_a_films_sound_is_transcribed(ran: Ran, name: str) -> None:
    found = ran.transcript(name)
    assert found["language"] == "en"
    said = "And so my fellow Americans, ask not what your country can do for you, ask what you can do for your country."
    rate = transcription_error(said, " ".join(paragraph["text"] for paragraph in found["paragraphs"]), "en")
    assert (rate.numerator, rate.denominator) == (0, 22)
    assert len(found["speakers"]) == 1


def test_more_than_one_sound_track_is_said(ran: Ran) -> None:
    (line,) = (line for line in ran.printed if line.startswith("! two_tracks.mkv"))
    assert line.endswith("the file has 2 audio streams, of which number 0 is used; ingest.audio_stream chooses another")


def test_a_film_without_sound_is_refused_with_one_line(ran: Ran, data: Path) -> None:
    entry = ran.entries[SILENT_FILM]
    assert (ran.code, entry["status"], entry["input"], entry["steps"]) == (1, "refused", None, [])
    (line,) = (line for line in ran.printed if "jfk_noaudio.mp4" in line)
    assert line.startswith(f"✗ {data / SILENT_FILM} has no audio stream; found mov")
    assert line.endswith("with video.")
