"""Folders in each layout, as small as they can be, and exactly what manifest becomes of them."""

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.datasets.importing.bring import Brought, Wanted, bring
from modellab.datasets.loading import read_manifest
from modellab.settings import Lab

Import = Callable[..., tuple[Brought, dict[str, dict[str, Any]]]]
RATE_HZ = 8000


def sound(path: Path, seconds: float = 0.25, hz: float = 440.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    soundfile.write(path, (0.3 * np.sin(2 * np.pi * hz * times)).astype(np.float32), RATE_HZ)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.mkdir()
    return path


@pytest.fixture
def imported(lab: Lab, folder: Path) -> Import:
    """Import as `d`: what became of it, and id -> case as the manifest has it, digests checked and taken out."""

    def run(**wanted: Any) -> tuple[Brought, dict[str, dict[str, Any]]]:
        brought = bring(lab, Wanted(folder, "d", **wanted))
        assert brought.manifest == lab.datasets / "d" / "dataset.yaml"
        cases = {}
        for case in read_manifest(brought.manifest).document()["cases"]:
            known = case.get("reference", {})
            clean = [known["clean"]] if "clean" in known else []
            for place in (case["source"], *clean, *known.get("stems", {}).values()):
                assert place.pop("folder") == "d"
                file = (wanted.get("media") or folder) / place["file"]
                assert place.pop("sha256") == hashlib.sha256(file.read_bytes()).hexdigest()
            name = case.pop("id")
            cases[name] = case | {"source": case["source"]["file"]}
        return brought, cases

    return run


def beside(lab: Lab, file: str) -> str:
    """A file beside the manifest."""
    return (lab.datasets / "d" / file).read_text("utf-8")


def test_references_beside_recordings(lab: Lab, folder: Path, imported: Import) -> None:
    sound(folder / "a/Köln 1.wav")
    write(folder / "a/Köln 1.txt", "\ufeffGuten  Tag,\r\nKöln!\r\n")
    sound(folder / "b.flac")
    write(folder / "b.rttm", "SPEAKER elsewhere 1 0.1 0.1 <NA> <NA> ann <NA> <NA>\n")
    write(folder / "b.uem", "elsewhere 1 0 0.2\n")
    write(folder / "b.stm", "b 1 bob 0.0 0.1 <o,f0,male> hi there\nb 1 ann 0.1 0.2 yes\n")
    sound(folder / "c.wav")
    write(folder / "c.TXT", "0.05\t0.10\tspeech\n0.08\t0.2\tspeech\n")
    sound(folder / "d.mp3")
    write(folder / "d.ctm", "d 1 0.05 0.1 hello 0.5\n")
    write(folder / "e.lab", "this is\n")
    sound(folder / "e.wav")
    write(folder / "e.TextGrid", '"ooTextFile"\n"TextGrid"\n0 1 <exists> 0\n')
    sound(folder / "f.wav")
    brought, cases = imported(language="de", licence="CC0-1.0")
    assert cases == {
        "Koln-1": {"source": "a/Köln 1.wav", "reference": {"text": "Guten Tag, Köln!"}},
        "b": {
            "source": "b.flac",
            "speakers": ["ann"],
            "reference": {
                "stm": {"file": "references/b.stm"},
                "rttm": {"file": "references/b.rttm"},
                "uem": {"file": "references/b.uem"},
            },
        },
        "c": {
            "source": "c.wav",
            "reference": {"speech": [{"start_s": 0.05, "end_s": 0.2}]},
        },
        "d": {"source": "d.mp3", "reference": {"ctm": {"file": "references/d.ctm"}}},
        "e": {
            "source": "e.wav",
            "reference": {
                "text": "this is",
                "textgrid": {
                    "file": "references/e.TextGrid",
                    "sha256": hashlib.sha256((folder / "e.TextGrid").read_bytes()).hexdigest(),
                },
            },
        },
    }
    assert beside(lab, "references/b.stm") == "b 1 bob 0.000 0.100 hi there\nb 1 ann 0.100 0.200 yes\n"
    assert beside(lab, "references/b.rttm") == "SPEAKER b 1 0.100000 0.100000 <NA> <NA> ann <NA> <NA>\n"
    assert beside(lab, "references/b.uem") == "b 1 0.000000 0.200000\n"
    assert beside(lab, "references/d.ctm") == "d 1 0.050 0.100 hello 0.5000\n"
    assert brought.account.problems == []
    assert brought.account.notes == ["1 recording not taken: f.wav"]
    manifest = read_manifest(brought.manifest)
    assert (manifest.language, manifest.licence) == ("de", "CC0-1.0")
    assert manifest.tasks == ["asr", "diarization", "meeting", "vad"]
    assert manifest.description == "Recordings with references beside them, from the folder given"


def test_one_file_of_references_for_many_recordings(lab: Lab, folder: Path, imported: Import) -> None:
    for name in ("one", "two"):
        sound(folder / f"{name}.wav")
    write(
        folder / "all.rttm",
        "SPEAKER one 1 0 0.1 <NA> <NA> ann <NA> <NA>\nSPEAKER two 1 0.1 0.1 <NA> <NA> bob <NA> <NA>\n",
    )
    write(folder / "two.rttm", "SPEAKER two 1 0.1 0.05 <NA> <NA> eve <NA> <NA>\n")
    _, cases = imported()
    assert {name: case["speakers"] for name, case in cases.items()} == {"one": ["ann"], "two": ["eve"]}


def test_labels_that_mean_somebody_else_in_the_next_recording(folder: Path, imported: Import) -> None:
    """Who takes them for the same person everywhere draws one speaker where there are many."""
    labels = ["speaker1", "SPEAKER_00", "spk01", "S2", "A", "17", "unknown", "left", "Ann", "MÉO069", "sam"]
    sound(folder / "a.wav")
    write(folder / "a.rttm", "".join(f"SPEAKER a 1 0 1 <NA> <NA> {label} <NA> <NA>\n" for label in labels))
    _, cases = imported()
    assert cases["a"]["speakers"] == ["Ann", "MÉO069", "sam"]


def test_a_table_of_transcripts_and_what_lies_beside(lab: Lab, folder: Path, imported: Import) -> None:
    sound(folder / "x/1.wav")
    sound(folder / "x/1.flac")
    sound(folder / "2.wav")
    sound(folder / "3.wav")
    write(folder / "2.txt", "other words")
    write(folder / "3.txt", "not in the table")
    write(
        folder / "transcripts.tsv",
        'file\tspeaker\tlanguage\ttext\taccent\tnotes\r\nx/1.wav\tann\ten_US\tHello "you"\tus\tx\r\n'
        "x/1.flac\t\tGerman\t\t\t\r\n2.wav\tann\tde\twords\t\t\r\n",
    )
    write(folder / "LICENSE.md", "\n  CC BY 4.0 \nmore\n")
    brought, cases = imported()
    assert cases == {
        "x-1.wav": {
            "source": "x/1.wav",
            "language": "en-US",
            "speakers": ["ann"],
            "tags": {"accent": "us"},
            "reference": {"text": 'Hello "you"'},
        },
        "x-1.flac": {"source": "x/1.flac", "language": "de", "reference": {"text": ""}},
        "2": {"source": "2.wav", "language": "de", "speakers": ["ann"], "reference": {"text": "words"}},
        "3": {"source": "3.wav", "reference": {"text": "not in the table"}},
    }
    assert brought.layout == "transcripts"
    assert brought.account.notes == [
        "the text in transcripts.tsv, line 4 counts, not the other one beside 2.wav",
        "1 recording with an empty text: it says that nothing is said",
    ]
    assert read_manifest(brought.manifest).licence == "CC BY 4.0"


def test_translations_beside_recordings_and_in_tables(folder: Path, imported: Import) -> None:
    for name in ("a.wav", "b.wav", "b.de.wav", "c.wav"):
        sound(folder / name, hz=400 + ord(name[0]) + len(name))
    write(folder / "a.txt", "hello there")
    write(folder / "a.de.txt", "hallo\n")
    write(folder / "a.pt-BR.txt", "olá")
    write(folder / "a.notes.txt", "not a language")
    write(folder / "b.de.txt", "what b.de.wav says")
    write(folder / "c.fr.txt", "salut")
    brought, cases = imported(language="en")
    assert {name: case["reference"] for name, case in cases.items()} == {
        "a": {"text": "hello there", "translations": {"de": "hallo", "pt-BR": "olá"}},
        "b.de": {"text": "what b.de.wav says"},
        "c": {"translations": {"fr": "salut"}},
    }
    assert read_manifest(brought.manifest).tasks == ["asr", "translate"]
    write(folder / "transcripts.tsv", "file\ttext\ttranslation_es\nb.wav\tyes\tsí\na.wav\thello there\t\n")
    brought, cases = imported(language="en", replace=True)
    assert cases["b"]["reference"] == {"text": "yes", "translations": {"es": "sí"}}
    assert cases["a"]["reference"]["translations"] == {"de": "hallo", "pt-BR": "olá"}


def test_translations_alone_are_beside_recordings_too(folder: Path, imported: Import) -> None:
    sound(folder / "talk.wav")
    write(folder / "talk.de.txt", "hallo")
    brought, cases = imported(language="en")
    assert (brought.layout, read_manifest(brought.manifest).tasks) == ("beside", ["translate"])
    assert cases["talk"]["reference"] == {"translations": {"de": "hallo"}}


def lines(*entries: dict[str, Any]) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def test_nemo(lab: Lab, folder: Path, imported: Import) -> None:
    for name in ("a", "b", "c"):
        sound(folder / f"wavs/{name}.wav")
    write(folder / "rttm/c.rttm", "SPEAKER c 1 0 0.1 <NA> <NA> s1 <NA> <NA>\n")
    write(
        folder / "test.json",
        lines(
            {"audio_filepath": str(folder / "wavs/a.wav"), "duration": 0.25, "text": "hello", "lang": "en"},
            {"audio_filepath": "wavs/b.wav", "offset": 0.1, "duration": 0.1, "text": "two", "speaker": 7},
            {"audio_filepath": "wavs/b.wav", "offset": 0, "duration": 0.05, "text": "one", "speaker": 7},
            {"audio_filepath": "wavs/c.wav", "offset": 0, "duration": None, "rttm_filepath": "rttm/c.rttm"},
        ),
    )
    brought, cases = imported()
    assert brought.layout == "nemo"
    assert brought.account.notes == ["read as nemo; what --format voxconverse would read is left out"]
    assert cases == {
        "c": {"source": "wavs/c.wav", "reference": {"rttm": {"file": "references/c.rttm"}}},
        "a": {"source": "wavs/a.wav", "language": "en", "reference": {"text": "hello"}},
        "b": {
            "source": "wavs/b.wav",
            "speakers": ["7"],
            "reference": {"stm": {"file": "references/b.stm"}, "uem": {"file": "references/b.uem"}},
        },
    }
    assert beside(lab, "references/b.stm") == "b 1 7 0.000 0.050 one\nb 1 7 0.100 0.200 two\n"
    assert beside(lab, "references/b.uem") == "b 1 0.000000 0.050000\nb 1 0.100000 0.200000\n"


def test_kaldi_without_segments(lab: Lab, folder: Path, tmp_path: Path, imported: Import) -> None:
    """Recordings of a data directory mostly lie elsewhere, by their whole paths."""
    corpus = tmp_path / "corpus"
    sound(corpus / "s1/u 1.wav")
    sound(corpus / "u2.wav")
    write(folder / "wav.scp", f"s1-u1 {corpus}/s1/u 1.wav\ns2-u2 u2.wav\n")
    write(folder / "text", "s1-u1 HELLO YOU\ns2-u2\n")
    write(folder / "utt2spk", "s1-u1 s1\ns2-u2 s2\n")
    write(folder / "spk2gender", "s1 f\n")
    write(folder / "utt2lang", "s1-u1 English\n")
    brought, cases = imported(media=corpus)
    assert brought.account.problems == []
    assert cases == {
        "s1-u1": {
            "source": "s1/u 1.wav",
            "language": "en",
            "speakers": ["s1"],
            "tags": {"gender": "female"},
            "reference": {"text": "HELLO YOU"},
        },
        "s2-u2": {"source": "u2.wav", "speakers": ["s2"], "reference": {"text": ""}},
    }


def test_kaldi_with_segments_and_a_command_that_is_not_run(lab: Lab, folder: Path, imported: Import) -> None:
    sound(folder / "r1.wav", 2.0)
    write(folder / "wav.scp", "r1 r1.wav\nr2 touch ran; cat r1.wav |\nr3 ark/a.ark:17\nr1 r1.wav\n")
    write(
        folder / "segments",
        "u2 r1 1.0 1.5\nu1 r1 0.5 1.25\nu3 r2 0 1\nu4 r1 1.6 1.5\nu5 r1 0.1 0.2\nu1 r1 0 1\nu6 r1 0\n",
    )
    write(folder / "text", "u1 first\nu2 second\nu3 x\nu4 y\n")
    write(folder / "utt2spk", "u1 ann\nu2 bob\n")
    brought, cases = imported()
    assert cases == {
        "r1": {
            "source": "r1.wav",
            "speakers": ["ann", "bob"],
            "reference": {"stm": {"file": "references/r1.stm"}, "uem": {"file": "references/r1.uem"}},
        }
    }
    assert beside(lab, "references/r1.stm") == "r1 1 ann 0.500 1.250 first\nr1 1 bob 1.000 1.500 second\n"
    assert beside(lab, "references/r1.uem") == "r1 1 0.500000 1.500000\n"
    assert [str(problem) for problem in brought.account.problems] == [
        "wav.scp, line 2: r2 is a command, and commands are never run; write its output to a file",
        "wav.scp, line 3: r3 is a part of an archive; unpack it to files (wav-copy)",
        "wav.scp, line 4: the recording r1 is there twice",
        "segments, line 3: the recording r2 of u3 can't be had: see wav.scp",
        "segments, line 4: u4 must have a start and a later end, in seconds",
        "segments, line 5: the utterance u5 has no line in text",
        "segments, line 6: the utterance u1 is there twice",
        "segments, line 7: must be: utterance recording start end",
    ]
    assert not list(folder.rglob("ran"))
    assert not (Path.cwd() / "ran").exists()


def recording(name: str, source: str, kind: str = "file", seconds: float = 2.0) -> dict[str, Any]:
    return {
        "id": name,
        "sources": [{"type": kind, "channels": [0], "source": source}],
        "sampling_rate": RATE_HZ,
        "num_samples": round(seconds * RATE_HZ),
        "duration": seconds,
    }


def supervision(name: str, of: str, start: float, duration: float, **more: Any) -> dict[str, Any]:
    return {"id": name, "recording_id": of, "start": start, "duration": duration, "channel": 0} | more


def test_lhotse_recordings_and_supervisions(lab: Lab, folder: Path, imported: Import) -> None:
    sound(folder / "a.wav", 2.0)
    sound(folder / "b.wav", 2.0)
    with gzip.open(folder / "x_recordings.jsonl.gz", "wt") as file:
        file.write(lines(recording("A", "a.wav"), recording("B", "b.wav"), recording("C", "cat a.wav", "command")))
    aligned = {"word": [["yes", 0.5, 0.25, None], ["no", 0.75, 0.25, None]]}
    write(
        folder / "x_supervisions.jsonl",
        lines(
            supervision("A-2", "A", 1.0, 0.5, text="SECOND", speaker="s2", language="English", gender="M"),
            supervision("A-1", "A", 0.0, 0.5, text="FIRST", speaker="s1", language="English", gender="F"),
            supervision("B-1", "B", 0, 2, text="yes no", speaker="s1", custom={"accent": "us"}, alignment=aligned),
            supervision("C-1", "C", 0, 2, text="x"),
            supervision("B-1", "B", 0, 2, text="again"),
        ),
    )
    brought, cases = imported()
    assert brought.layout == "lhotse"
    assert cases == {
        "A": {
            "source": "a.wav",
            "language": "en",
            "speakers": ["s1", "s2"],
            "reference": {"stm": {"file": "references/A.stm"}, "uem": {"file": "references/A.uem"}},
        },
        "B": {
            "source": "b.wav",
            "speakers": ["s1"],
            "tags": {"accent": "us"},
            "reference": {"text": "yes no", "ctm": {"file": "references/B.ctm"}},
        },
    }
    assert beside(lab, "references/B.ctm") == "B 1 0.500 0.250 yes\nB 1 0.750 0.250 no\n"
    assert [str(problem) for problem in brought.account.problems] == [
        "x_recordings.jsonl.gz, line 3: the source of C is a command, and commands are never run; files are read",
        "x_supervisions.jsonl, line 4: the recording C of C-1 can't be had",
        "x_supervisions.jsonl, line 5: the supervision B-1 is there twice",
    ]


def test_lhotse_cuts(lab: Lab, folder: Path, imported: Import) -> None:
    """Times of a cut's supervisions begin at the cut, and may lie before it."""
    sound(folder / "a.wav", 2.0)
    cut = {"type": "MonoCut", "channel": 0, "recording": recording("A", "a.wav")}
    write(
        folder / "cuts.jsonl",
        lines(
            cut | {"id": "c1", "start": 0.5, "supervisions": [supervision("s1", "A", 0.25, 0.5, text="one")]},
            cut | {"id": "c2", "start": 1.25, "supervisions": [supervision("s2", "A", -0.25, 0.5, text="two")]},
            {"type": "MixedCut", "id": "m", "tracks": []},
        ),
    )
    brought, cases = imported()
    assert list(cases) == ["A"]
    assert beside(lab, "references/A.stm") == "A 1 unknown 0.750 1.250 one\nA 1 unknown 1.000 1.500 two\n"
    assert beside(lab, "references/A.uem") == "A 1 0.750000 1.500000\n"
    assert [str(problem) for problem in brought.account.problems] == [
        "cuts.jsonl, line 3: is a MixedCut; only cuts of one recording are read (MonoCut, MultiCut)"
    ]


def test_lhotse_manifests_of_one_split(folder: Path, imported: Import) -> None:
    for split in ("dev", "test"):
        sound(folder / f"{split}.wav", 2.0)
        write(folder / f"recordings_{split}.jsonl", lines(recording(split, f"{split}.wav")))
        write(folder / f"supervisions_{split}.jsonl", lines(supervision("s", split, 0, 2, text=split)))
    _, cases = imported(split="test")
    assert cases == {"test": {"source": "test.wav", "reference": {"text": "test"}}}


def test_librispeech(folder: Path, imported: Import) -> None:
    sound(folder / "test-clean/61/70968/61-70968-0000.flac")
    write(folder / "test-clean/61/70968/61-70968.trans.txt", "61-70968-0000 HE BEGAN\n61-70968-0001 NOT THERE\n")
    write(folder / "SPEAKERS.TXT", "; ID |SEX|\n61   | M | test-clean | 8.08 | Paul-Gabriel Wiener\n")
    brought, cases = imported()
    assert cases == {
        "61-70968-0000": {
            "source": "test-clean/61/70968/61-70968-0000.flac",
            "speakers": ["61"],
            "tags": {"gender": "male", "split": "test-clean"},
            "reference": {"text": "HE BEGAN"},
        }
    }
    assert [str(problem) for problem in brought.account.problems] == [
        "test-clean/61/70968/61-70968.trans.txt, line 2: test-clean/61/70968/61-70968-0001.flac is not there"
    ]


MEETINGS = """<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>
<nite:root xmlns:nite="http://nite.sourceforge.net/"><meeting observation="ES2011a">
<speaker nxt_agent="A" global_name="FEE041"/><speaker nxt_agent="B" global_name="MÉO042"/></meeting></nite:root>"""


def words_xml(*words: tuple[str, str, str]) -> str:
    said = "".join(
        f'<w nite:id="w{n}" starttime="{start}" endtime="{end}">{text}</w>'
        for n, (text, start, end) in enumerate(words)
    )
    return (
        '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?>\n'
        f'<nite:root xmlns:nite="http://nite.sourceforge.net/">{said}<w punc="true" starttime="9" endtime="9">.</w>'
        '<vocalsound starttime="9" type="laugh"/></nite:root>'
    )


def test_ami(lab: Lab, folder: Path, imported: Import) -> None:
    for microphone in ("Mix-Headset", "Array1-01", "Headset-0"):
        sound(folder / f"amicorpus/ES2011a/audio/ES2011a.{microphone}.wav", 4.0)
    for kind, speaker in (("only_words", "FEE041"), ("word_and_vocalsounds", "other")):
        write(folder / f"{kind}/rttms/test/ES2011a.rttm", f"SPEAKER ES2011a 1 0 1 <NA> <NA> {speaker} <NA> <NA>\n")
    write(folder / "uems/test/ES2011a.uem", "ES2011a 1 0.0 4.0\n")
    (folder / "corpusResources").mkdir()
    (folder / "corpusResources/meetings.xml").write_bytes(MEETINGS.encode("latin-1"))
    write(
        folder / "words/ES2011a.A.words.xml", words_xml(("Hi", "0.0", "0.25"), ("you", "0.5", "0.75"), ("So", "2", "3"))
    )
    write(folder / "words/ES2011a.B.words.xml", words_xml(("Yeah", "0.5", "0.6")))
    write(folder / "words/ES2011b.A.words.xml", words_xml(("Yeah", "0.5", "0.6")))
    brought, cases = imported()
    assert brought.account.problems == []
    assert brought.account.notes == [
        "1 meeting without a recording here: ES2011b",
        "1 recording not taken: amicorpus/ES2011a/audio/ES2011a.Headset-0.wav",
    ]
    assert [(name, case["tags"]) for name, case in cases.items()] == [
        ("ES2011a.Array1-01", {"channel": "far field", "split": "test"}),
        ("ES2011a.Mix-Headset", {"channel": "headset mix", "split": "test"}),
    ]
    assert cases["ES2011a.Mix-Headset"] == {
        "source": "amicorpus/ES2011a/audio/ES2011a.Mix-Headset.wav",
        "language": "en",
        "speakers": ["FEE041"],
        "tags": {"channel": "headset mix", "split": "test"},
        "reference": {key: {"file": f"references/ES2011a.Mix-Headset.{key}"} for key in ("stm", "rttm", "uem", "ctm")},
    }
    assert beside(lab, "references/ES2011a.Mix-Headset.stm") == (
        "ES2011a.Mix-Headset 1 FEE041 0.000 0.750 Hi you\n"
        "ES2011a.Mix-Headset 1 MÉO042 0.500 0.600 Yeah.\n"
        "ES2011a.Mix-Headset 1 FEE041 2.000 3.000 So.\n"
    )


def test_voxconverse(lab: Lab, folder: Path, imported: Import) -> None:
    sound(folder / "audio/abjxc.wav")
    sound(folder / "audio/afjiv.wav")
    write(folder / "dev/abjxc.rttm", "SPEAKER abjxc 1 0.0 0.2 <NA> <NA> spk00 <NA> <NA>\n")
    write(folder / "dev/abjxc.uem", "abjxc 1 0.0 0.25\n")
    write(folder / "dev/gone.rttm", "SPEAKER gone 1 0.0 0.2 <NA> <NA> spk00 <NA> <NA>\n")
    brought, cases = imported()
    assert cases == {
        "abjxc": {
            "source": "audio/abjxc.wav",
            "reference": {"rttm": {"file": "references/abjxc.rttm"}, "uem": {"file": "references/abjxc.uem"}},
        }
    }
    assert [str(problem) for problem in brought.account.problems] == ["dev/gone.rttm: no recording is called gone"]


def test_common_voice(folder: Path, imported: Import) -> None:
    header = "client_id\tpath\tsentence_id\tsentence\tup_votes\tage\tgender\taccents\tvariant\tlocale\n"
    sound(folder / "clips/common_voice_de_1.mp3")
    sound(folder / "clips/common_voice_de_2.mp3")
    write(
        folder / "test.tsv",
        header
        + 'c0ffee\tcommon_voice_de_1.mp3\tx\t"Ja", sagt er.\t2\ttwenties\tfemale_feminine\tÖsterreichisch\t\tde\n'
        + "c0ffee\tcommon_voice_de_2\tx\tNein.\t2\t\t\t\t\tde\n",
    )
    write(folder / "validated.tsv", header)
    write(folder / "reported.tsv", "sentence_id\tsentence\treason\n")
    speaker = hashlib.sha256(b"c0ffee").hexdigest()[:10]
    _, cases = imported(split="test")
    assert cases == {
        "common_voice_de_1": {
            "source": "clips/common_voice_de_1.mp3",
            "language": "de",
            "speakers": [speaker],
            "tags": {"age": "twenties", "gender": "female", "accent": "Österreichisch"},
            "reference": {"text": '"Ja", sagt er.'},
        },
        "common_voice_de_2": {
            "source": "clips/common_voice_de_2.mp3",
            "language": "de",
            "speakers": [speaker],
            "reference": {"text": "Nein."},
        },
    }


def test_audiofolder_with_tables(folder: Path, imported: Import) -> None:
    sound(folder / "train/a.wav")
    sound(folder / "test/deep/b.wav")
    write(folder / "train/metadata.csv", 'file_name,transcription,speaker_id,gender\na.wav,"Well, ""yes"".",7,M\n')
    write(folder / "test/metadata.jsonl", lines({"file_name": "deep/b.wav", "label": "dog", "age": 4}))
    _, cases = imported()
    assert cases == {
        "b": {
            "source": "test/deep/b.wav",
            "tags": {"split": "test", "age": "4"},
            "reference": {"labels": ["dog"]},
        },
        "a": {
            "source": "train/a.wav",
            "speakers": ["7"],
            "tags": {"split": "train", "gender": "male"},
            "reference": {"text": 'Well, "yes".'},
        },
    }


def test_audiofolder_by_the_names_of_folders(folder: Path, imported: Import) -> None:
    sound(folder / "train/dog/1.wav")
    sound(folder / "train/cat/1.wav")
    sound(folder / "2.wav")
    brought, cases = imported(layout="audiofolder")
    assert cases == {
        f"train-{name}-1": {
            "source": f"train/{name}/1.wav",
            "tags": {"split": "train"},
            "reference": {"labels": [name]},
        }
        for name in ("cat", "dog")
    }
    assert [str(problem) for problem in brought.account.problems] == [
        "2.wav: lies in no folder that is named by a class"
    ]


def test_esc50(folder: Path, imported: Import) -> None:
    sound(folder / "audio/1-100032-A-0.wav")
    sound(folder / "audio/2-1-A-43.flac")
    write(
        folder / "meta/esc50.csv",
        "filename,fold,target,category,esc10,src_file,take\n1-100032-A-0.wav,1,0,dog,True,100032,A\n"
        "2-1-A-43.wav,2,43,car_horn,False,1,A\n",
    )
    brought, cases = imported()
    assert cases == {
        "1-100032-A-0": {
            "source": "audio/1-100032-A-0.wav",
            "tags": {"fold": "1"},
            "reference": {"labels": ["dog"]},
        },
        "2-1-A-43": {"source": "audio/2-1-A-43.flac", "tags": {"fold": "2"}, "reference": {"labels": ["car horn"]}},
    }
    assert brought.account.notes == ["1 recording in another format than meta/esc50.csv says: audio/2-1-A-43.flac, say"]


def test_musdb(folder: Path, imported: Import) -> None:
    for number, stem in enumerate(("mixture", "bass", "drums", "other", "vocals"), start=1):
        sound(folder / f"test/Al James - Schoolboy Facination/{stem}.wav", hz=100.0 * number)
    sound(folder / "test/empty/mixture.wav")
    brought, cases = imported()
    track = "test/Al James - Schoolboy Facination"
    assert cases == {
        "Al-James-Schoolboy-Facination": {
            "source": f"{track}/mixture.wav",
            "tags": {"split": "test"},
            "reference": {
                "stems": {stem: {"file": f"{track}/{stem}.wav"} for stem in ("bass", "drums", "other", "vocals")}
            },
        }
    }
    assert read_manifest(brought.manifest).tasks == ["separate"]
    assert [str(problem) for problem in brought.account.problems] == ["test/empty/mixture.wav: has no stems beside it"]


def test_noisy_and_clean_recordings(folder: Path, imported: Import) -> None:
    """What a table says of them comes with them."""
    for name in ("noisy_testset_wav/p1.wav", "clean_testset_wav/p1.wav", "noisy_testset_wav/alone.wav"):
        sound(folder / name)
    brought, cases = imported()
    assert cases == {
        "p1": {
            "source": "noisy_testset_wav/p1.wav",
            "reference": {"clean": {"file": "clean_testset_wav/p1.wav"}},
        }
    }
    assert read_manifest(brought.manifest).tasks == ["enhance"]
    write(folder / "transcripts.tsv", "file\ttext\nnoisy_testset_wav/p1.wav\thello\n")
    brought, cases = imported(replace=True)
    assert cases["p1"]["reference"] == {"text": "hello", "clean": {"file": "clean_testset_wav/p1.wav"}}
    assert read_manifest(brought.manifest).tasks == ["asr", "enhance"]


def test_mixes_and_their_sources(folder: Path, imported: Import) -> None:
    for part in ("mix", "s1", "s2"):
        sound(folder / f"tt/{part}/a_b.wav")
    sound(folder / "tt/mix/alone.wav")
    _, cases = imported()
    assert cases == {
        "a_b": {
            "source": "tt/mix/a_b.wav",
            "reference": {"stems": {part: {"file": f"tt/{part}/a_b.wav"} for part in ("s1", "s2")}},
        }
    }
