"""The datasets that come with Model Lab: whole, made again by their scripts to the sample, and true of their sounds."""

import calendar
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import soundfile
import yaml
from pydantic import TypeAdapter

from modellab.datasets.catalogue import SHIPPED, Catalogue
from modellab.datasets.checking import check_dataset
from modellab.datasets.loading import read_manifest
from modellab.datasets.manifest import Case, Manifest
from modellab.datasets.places import FilePlace, PackagePlace, TextPlace
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.sources import Sources
from modellab.files import sha256_file
from modellab.formats.midi import read_midi
from modellab.media.sample import sample_path
from modellab.settings import Lab, Settings
from modellab.surfaces.results import Transcript
from modellab.text.dialogues import Split, load_dialogues

NAMES = [
    "asr_golden_v1",
    "asr_smoke_v1",
    "classify_smoke_v1",
    "dialogues_v1",
    "diar_golden_v1",
    "diar_smoke_v1",
    "embed_smoke_v1",
    "enhance_smoke_v1",
    "hallucination_planted_v1",
    "hallucination_v1",
    "meeting_golden_v1",
    "music_smoke_v1",
    "separate_smoke_v1",
    "tts_smoke_v1",
    "v2v_smoke_v1",
    "vad_smoke_v1",
]
RATE_HZ = 16_000


@cache
def manifest(name: str) -> Manifest:
    return read_manifest(SHIPPED / f"{name}.yaml")


def cases(*names: str) -> list[Any]:
    return [pytest.param(case, id=f"{name}-{case.id}") for name in names for case in manifest(name).cases]


def file_of(place: object) -> Path:
    assert isinstance(place, FilePlace)
    if isinstance(place, PackagePlace):
        assert (place.package, place.file) == ("pyannote", "audio/sample/sample.wav")
        return sample_path()
    return SHIPPED / place.file


def samples(path: Path) -> np.ndarray:
    found, rate_hz = soundfile.read(path, dtype="float64")
    assert rate_hz == RATE_HZ and found.ndim == 1
    return found


def heard(case: Case) -> np.ndarray:
    return samples(file_of(case.source))


def power_db(sound: np.ndarray) -> float:
    return float(10 * np.log10(np.square(sound).mean()))


def snr_db(case: Case) -> float:
    return float(case.tags["snr"].removesuffix(" dB"))


def media_of(name: str) -> Iterator[tuple[Path, str | None]]:
    for case in manifest(name).cases:
        places = [
            case.source,
            *case.reference.sounds().values(),
            *([case.reference.midi] if case.reference.midi else []),
        ]
        yield from ((file_of(place), place.sha256) for place in places if not isinstance(place, TextPlace))


def test_these_are_there() -> None:
    assert sorted(path.stem for path in SHIPPED.glob("*.yaml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_media_have_the_digests_of_the_manifest(name: str) -> None:
    for path, digest in media_of(name):
        assert sha256_file(path) == digest, path


def test_media_are_small_and_each_is_of_use() -> None:
    there = set((SHIPPED / "media").rglob("*.*"))
    assert sum(path.stat().st_size for path in there) < 8_000_000
    used = {path for name in NAMES for path, _ in media_of(name)}
    said = {path for path in there if path.parent.name == "speech"}
    assert there - used - said == set((SHIPPED / "media" / "planted").glob("*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_check_finds_nothing_wrong(name: str, tmp_path: Path) -> None:
    lab = Lab(Settings(_env_file=None, home=tmp_path, offline=True))
    assert check_dataset(lab, Catalogue(lab).get(name), Sources(lab)) == []


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    script = SHIPPED / "make" / "build.py"
    subprocess.run([sys.executable, str(script), "--into", str(folder)], check=True)
    return folder


def test_the_scripts_make_the_same_samples_again(again: Path) -> None:
    made = sorted((again / "media").rglob("*.flac"))
    there = set((SHIPPED / "media").rglob("*.flac")) - set((SHIPPED / "media" / "speech").iterdir())
    assert {path.relative_to(again) for path in made} == {path.relative_to(SHIPPED) for path in there}
    for path in made:
        shipped, found = (soundfile.read(root / path.relative_to(again), dtype="int16")[0] for root in (SHIPPED, again))
        assert np.array_equal(shipped, found), path


def test_the_scripts_write_the_same_midi_again_and_it_is_what_is_heard(again: Path) -> None:
    there = sorted((SHIPPED / "media" / "music").glob("*.mid"))
    assert len(there) == 5
    for path in there:
        assert (again / path.relative_to(SHIPPED)).read_bytes() == path.read_bytes()
    for name in ("triad", "scale"):
        case = manifest("music_smoke_v1").case(name)
        sound, notes = heard(case), read_midi(file_of(case.reference.midi))
        for note in notes:
            piece = sound[round(note.start_s * RATE_HZ) : round(note.end_s * RATE_HZ)]
            power = np.square(np.abs(np.fft.rfft(piece * np.hanning(len(piece)))))
            loudest_hz = float(np.fft.rfftfreq(len(piece), 1 / RATE_HZ)[power.argmax()])
            assert abs(69 + 12 * np.log2(loudest_hz / 440) - note.pitch) < 0.25


def test_the_scripts_write_the_same_transcripts_again(again: Path) -> None:
    made, there = (
        {path.name: path.read_text() for path in (root / "media").rglob("*.json")} for root in (again, SHIPPED)
    )
    assert made == there and len(made) == 21


def test_the_scripts_write_the_same_manifests_again(again: Path) -> None:
    def without_digests(value: Any) -> Any:
        # Another libFLAC may pack the same samples into other bytes.
        if isinstance(value, dict):
            return {key: without_digests(each) for key, each in value.items() if key != "sha256"}
        return [without_digests(each) for each in value] if isinstance(value, list) else value

    for name in NAMES:
        shipped, made = (yaml.safe_load((root / f"{name}.yaml").read_text()) for root in (SHIPPED, again))
        assert without_digests(made) == without_digests(shipped)


def test_each_voice_says_each_domain_and_is_heard_in_each_condition() -> None:
    seen: dict[str, list[tuple[str, str]]] = {}
    for case in manifest("asr_golden_v1").cases:
        kind = case.tags["noise"] if case.tags["channel"] == "wideband" else "channel"
        seen.setdefault(case.speakers[0], []).append((case.tags["domain"], kind))
    assert len(seen) == 8
    for found in seen.values():
        assert sorted(domain for domain, _ in found) == ["dates", "meeting", "names", "numbers", "prose"]
        assert sorted(kind for _, kind in found) == ["babble", "channel", "clean", "pink", "street"]
    assert len({pair for found in seen.values() for pair in found}) == 25


def test_all_names_of_a_text_are_listed() -> None:
    no_names = {"Doctor", "Mister", "Professor", "I", "Can", "Christmas", *calendar.day_name, *calendar.month_name}
    for case in manifest("asr_golden_v1").cases:
        text, names = str(case.reference.text), case.reference.names
        assert isinstance(names, list) and all(name in text for name in names)
        capitals = re.findall(r"(?<!^)(?<![.?] )\b[A-Z]\w*", text)
        assert set(capitals) - no_names <= set(" ".join(names).split()), case.id
        assert bool(names) == (case.tags["domain"] == "names"), case.id


@pytest.mark.parametrize("case", cases("enhance_smoke_v1"))
def test_noise_is_as_loud_as_its_tag_says(case: Case) -> None:
    clean = samples(file_of(case.reference.clean))
    assert power_db(clean) - power_db(heard(case) - clean) == pytest.approx(snr_db(case), abs=0.1)


@pytest.mark.parametrize("case", cases("separate_smoke_v1"))
def test_a_mix_is_the_sum_of_its_stems(case: Case) -> None:
    stems = [samples(file_of(place)) for place in case.reference.stems.values()]
    assert np.array_equal(heard(case), np.sum(stems, axis=0))
    assert power_db(stems[0]) - power_db(stems[1]) == pytest.approx(snr_db(case), abs=0.1)


def turns(rttm: str) -> list[tuple[float, float, str]]:
    lines = [line.split() for line in rttm.splitlines()]
    return [(float(line[3]), float(line[3]) + float(line[4]), line[7]) for line in lines]


def spoken(case: Case, length: int, widened_s: float = 0.0) -> np.ndarray:
    """Whether there is speech, for each sample."""
    stretches = (
        [(each.start_s, each.end_s) for each in case.reference.speech]
        if isinstance(case.reference.speech, list)
        else [each[:2] for each in turns(str(case.reference.rttm))]
    )
    found = np.zeros(length, dtype=bool)
    for start_s, end_s in stretches:
        found[max(0, round((start_s - widened_s) * RATE_HZ)) : round((end_s + widened_s) * RATE_HZ)] = True
    return found


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in [*cases("meeting_golden_v1"), cases("vad_smoke_v1")[0]]
        if not isinstance(case.values[0].source, PackagePlace)
    ],
)
def test_there_is_speech_where_the_reference_says_and_nowhere_else(case: Case) -> None:
    sound = heard(case)
    windows = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    levels_db = 10 * np.log10(np.square(windows).mean(axis=1) + 1e-12)
    inside = spoken(case, windows.size, widened_s=0.1).reshape(-1, 160).all(axis=1)
    outside = ~spoken(case, windows.size, widened_s=0.1).reshape(-1, 160).any(axis=1)
    assert outside.sum() > 50 and levels_db[outside].max() < -48.0
    assert np.median(levels_db[inside]) > -34.0


@pytest.mark.parametrize("case", cases("meeting_golden_v1"))
def test_words_topics_and_actions_lie_in_the_meeting(case: Case) -> None:
    if isinstance(case.source, PackagePlace):
        return
    length_s = len(heard(case)) / RATE_HZ
    stm = [line.split(maxsplit=5) for line in str(case.reference.stm).splitlines()]
    assert " ".join(line[5] for line in stm) == case.reference.text
    assert {line[2] for line in stm} == {speaker for _, _, speaker in turns(str(case.reference.rttm))}
    starts = {float(line[3]) for line in stm}
    for chapter in case.reference.chapters or []:
        assert not isinstance(chapter, str) and (chapter.start_s == 0.0 or chapter.start_s in starts)
    for action in case.reference.actions or []:
        assert not isinstance(action, str) and action.start_s in starts
        assert action.end_s is not None and action.start_s < action.end_s <= length_s
        assert action.assignee in {line[2] for line in stm}
    assert bool(case.reference.actions) == case.id.startswith("meeting-")


def test_talks_overlap_as_their_tags_say() -> None:
    shares = {}
    for case in manifest("diar_golden_v1").cases:
        if not isinstance(case.source, PackagePlace):
            found = turns(str(case.reference.rttm))
            count = np.zeros(len(heard(case)), dtype=int)
            for start_s, end_s, _ in found:
                count[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] += 1
            shares[case.id] = (round(float((count > 1).sum() / (count > 0).sum()), 2), case.tags["overlap"])
    assert shares == {
        "call-delivery": (0.04, "some"),
        "panel-lunch": (0.13, "much"),
        "meeting-release": (0.03, "some"),
        "meeting-library": (0.03, "some"),
    }


def test_sounds_have_the_class_that_they_were_made_as() -> None:
    """By the samples, not by names of files: silence is silent, tones have their lines, noise its slope."""
    kinds: dict[str, list[Case]] = {}
    for case in manifest("classify_smoke_v1").cases:
        assert isinstance(case.reference.labels, list)
        [label] = case.reference.labels
        kinds.setdefault(label, []).append(case)
    assert {label: len(found) for label, found in kinds.items()} == {
        **{"Silence": 2, "White noise": 1, "Pink noise": 1, "Mains hum": 1, "Dial tone": 1, "Busy signal": 1},
        **{"Chirp tone": 1, "Music": 2, "Speech": 8},
    }
    assert not any(np.any(heard(case)) for case in kinds["Silence"])
    assert len({tuple(case.speakers) for case in kinds["Speech"]}) == 8

    def share(label: str, *bands_hz: tuple[float, float]) -> float:
        """Of the power, what lies in some bands."""
        power = np.square(np.abs(np.fft.rfft(heard(kinds[label][0]))))
        hertz = np.fft.rfftfreq(len(heard(kinds[label][0])), 1 / RATE_HZ)
        return float(sum(power[(low <= hertz) & (hertz < high)].sum() for low, high in bands_hz) / power.sum())

    assert share("Mains hum", *((line - 2, line + 2) for line in (50, 100, 150, 250))) > 0.99
    assert share("Dial tone", (348, 352), (438, 442)) > 0.99
    assert share("Busy signal", (470, 490), (610, 630)) > 0.97
    # White noise has as much power in each hertz, pink in each octave.
    assert share("White noise", (4000, 8000)) == pytest.approx(0.5, abs=0.03)
    assert share("Pink noise", (100, 200)) == pytest.approx(share("Pink noise", (2000, 4000)), rel=0.2)


def test_nothing_is_said_where_words_would_be_inventions() -> None:
    kinds: dict[str, list[Any]] = {}
    for case in manifest("hallucination_v1").cases:
        assert case.reference.text == ""
        kinds.setdefault(case.tags["noise"], []).append((case.reference.rttm, case.reference.speech))
    # Whoever looks for voices may find those that are turned round.
    assert kinds.pop("babble") == [(None, None)]
    assert {kind: len(found) for kind, found in kinds.items()} == {"silence": 2, "noise": 7, "tones": 4, "music": 2}
    assert all(found == ("", []) for several in kinds.values() for found in several)
    assert not np.any(heard(manifest("hallucination_v1").case("silence")))


def planted(path: Path) -> tuple[Case, Transcript, set[int]]:
    """The case of a planted transcript, the transcript, and the numbers of the words that are planted."""
    content = json.loads(path.read_text(encoding="utf-8"))
    numbers = {word for span in content["planted"] for word in range(span["first_word"], span["end_word"])}
    transcript = TypeAdapter(Transcript).validate_python(content["transcript"])
    return manifest("hallucination_planted_v1").case(path.name.split(".")[0]), transcript, numbers


PLANTED = sorted((SHIPPED / "media" / "planted").glob("*.json"))


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_words_that_are_not_planted_were_said_where_they_stand(path: Path) -> None:
    case, transcript, numbers = planted(path)
    assert transcript.duration_s == pytest.approx(len(heard(case)) / RATE_HZ, abs=1e-3)
    said = [word for number, word in enumerate(transcript.words) if number not in numbers]
    reference = str(case.reference.text).split()
    assert [word.text for word in said] == reference[: len(said)] and len(said) >= 6
    speech = spoken(case, len(heard(case)), widened_s=0.001)
    for word in said:
        assert speech[round(word.start_s * RATE_HZ)] and speech[round(word.end_s * RATE_HZ)], word
    assert bool(numbers) == (not path.stem.endswith(".right"))
    assert numbers or len(said) == len(reference)


def test_most_planted_words_stand_where_nobody_speaks_and_some_in_place_of_a_sentence() -> None:
    outside = {}
    for path in PLANTED:
        case, transcript, numbers = planted(path)
        speech = spoken(case, len(heard(case)))
        words = [transcript.words[number] for number in sorted(numbers)]
        shares = [speech[round(word.start_s * RATE_HZ) : round(word.end_s * RATE_HZ)].mean() for word in words]
        if shares:
            outside[path.stem] = max(shares) == 0.0
    assert sorted(name for name, yes in outside.items() if not yes) == ["hiss.loop", "keyboard.loop", "music.loop"]
    assert len(outside) == 12


def test_dialogues_are_the_written_ones(tmp_path: Path) -> None:
    lab = Lab(Settings(_env_file=None, home=tmp_path, offline=True))
    dataset = Catalogue(lab).get("dialogues_v1")
    reader = ReferenceReader(Sources(lab), keep_sound=lambda path, name: pytest.fail(f"{path} is a sound"))
    dialogues = {dialogue.id: dialogue for split in get_args(Split) for dialogue in load_dialogues(split)}
    assert {case.id for case in dataset.manifest.cases} == set(dialogues) and len(dialogues) == 16
    for case in dataset.manifest.cases:
        dialogue, known = dialogues[case.id], reader.read(dataset, case, 0.0)
        spoken = dialogue.transcript().utterances
        assert [(turn.start_s, turn.end_s, turn.text) for turn in known.utterances or []] == [
            (turn.start_s, turn.end_s, turn.text) for turn in spoken
        ]
        assert [(chapter.start_s, chapter.title) for chapter in known.chapters or []] == [
            (spoken[turn].start_s, title) for turn, title in dialogue.topics
        ]
        assert [(action.task, action.assignee, action.due_date) for action in known.actions or []] == [
            (action.task, action.who, action.due_date and action.due_date.isoformat()) for action in dialogue.actions
        ]
