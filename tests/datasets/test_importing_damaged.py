"""Lists and references that are damaged anywhere: what becomes of them is told, and nothing else happens."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modellab.datasets.importing.bring import Wanted, bring
from modellab.datasets.loading import read_manifest
from modellab.errors import LabError
from modellab.settings import Lab, Settings

CUT = (
    b'{"id": "c", "start": 0.5, "duration": 1, "channel": 0, "type": "MonoCut", "supervisions": [{"id": "s", '
    b'"recording_id": "A", "start": 0, "duration": 1, "text": "x", "alignment": {"word": [["a", 0, 1, null]]}}], '
    b'"recording": {"id": "A", "sources": [{"type": "file", "channels": [0], "source": "a.wav"}], '
    b'"sampling_rate": 8000, "duration": 2}}\n'
)
FOLDERS = {
    "beside": {
        "a.rttm": b"SPEAKER a 1 0.5 1.5 <NA> <NA> ann <NA> <NA>\n",
        "a.stm": b"a 1 ann 0.5 1.0 <o,f0> hello\n",
        "a.ctm": b"a 1 0.5 1.0 hello 0.9\n",
        "a.uem": b"a 1 0.5 1.0\n",
        "a.TextGrid": b'"ooTextFile"\n"TextGrid"\n0 1 <exists> 1 "IntervalTier" "w" 0 1 1 0 1 "x"\n',
        "a.seglst.json": b'[{"session_id": "a", "speaker": "s", "start_time": "0", "end_time": "1", "words": "w"}]',
        "a.txt": b"0.5\t1.0\tspeech\n",
    },
    "transcripts": {"transcripts.tsv": b"file\tspeaker\tlanguage\ttext\taccent\na.wav\tann\ten\thello\tus\n"},
    "nemo": {"m.json": b'{"audio_filepath": "a.wav", "text": "x", "offset": 0.5, "duration": 1, "lang": "en"}\n'},
    "kaldi": {
        "wav.scp": b"r a.wav\n",
        "text": b"u hello\n",
        "segments": b"u r 0.5 1.0\n",
        "utt2spk": b"u s\n",
        "spk2gender": b"s m\n",
    },
    "lhotse": {"cuts.jsonl": CUT, "more.jsonl.gz": gzip.compress(CUT)},
    "librispeech": {"1-2.trans.txt": b"a HELLO\n", "SPEAKERS.TXT": b"a | M | x\n"},
    "ami": {
        "ES2011a.A.words.xml": b"<?xml version='1.0'?><r><w starttime='0' endtime='1'>a</w><w punc='true'>.</w></r>",
        "meetings.xml": b"<r><meeting observation='ES2011a'><speaker nxt_agent='A' global_name='x'/></meeting></r>",
        "ES2011a.rttm": b"SPEAKER a 1 0.5 1.5 <NA> <NA> ann <NA> <NA>\n",
    },
    "common_voice": {"t.tsv": b"client_id\tpath\tsentence\tlocale\tage\nx\ta.wav\tyes\tde\told\n"},
    "audiofolder": {
        "metadata.csv": b'file_name,text,label\na.wav,"x, y",dog\n',
        "clips/metadata.jsonl": b'{"file_name": "a.wav", "labels": ["dog", 1]}\n',
    },
    "esc50": {"esc50.csv": b"filename,fold,category\na.wav,1,dog\n"},
}
PARTS = (b"\t", b"\n", b'"', b"{", b"]", b"\xff", b"\xff\xfe", b"\0", b"-1", b"nan", b"1e999", b"\\ud800", b"null", b"")


@st.composite
def damaged(draw: st.DrawFn, layout: str) -> dict[str, bytes]:
    """The files of a layout, one of them with some bytes replaced."""
    files = dict(FOLDERS[layout])
    name = draw(st.sampled_from(sorted(files)))
    data = files[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 8)))
        data = data[:start] + draw(st.sampled_from(PARTS)) + data[end:]
    return files | {name: data}


@pytest.mark.parametrize("layout", FOLDERS)
@settings(max_examples=25, deadline=None)  # a disk that is busy is no fault
@given(st.data())
def test_only_errors_of_the_labs_own(
    tmp_path_factory: pytest.TempPathFactory, layout: str, data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("damaged")
    (root / "given/clips").mkdir(parents=True)
    for sound in ("a.wav", "clips/a.wav", "ES2011a.Mix-Headset.wav"):
        (root / "given" / sound).write_bytes(sound.encode())
    for name, content in data.draw(damaged(layout)).items():
        (root / "given" / name).write_bytes(content)
    lab = Lab(Settings(_env_file=None, home=root / "home"))
    try:
        brought = bring(lab, Wanted(root / "given", "d", layout=layout))
    except LabError as error:
        assert str(error)
        assert not (lab.datasets / "d").exists()
        return
    assert len(read_manifest(brought.manifest).cases) == brought.cases


@pytest.mark.parametrize("layout", FOLDERS)
def test_undamaged_they_are_taken_without_a_word(tmp_path: Path, lab: Lab, layout: str) -> None:
    (tmp_path / "given/clips").mkdir(parents=True)
    for sound in ("a.wav", "clips/a.wav", "ES2011a.Mix-Headset.wav"):
        (tmp_path / "given" / sound).write_bytes(sound.encode())
    for name, content in FOLDERS[layout].items():
        (tmp_path / "given" / name).write_bytes(content)
    assert bring(lab, Wanted(tmp_path / "given", "d", layout=layout)).account.problems == []
