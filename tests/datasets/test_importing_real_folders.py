"""Folders of real recordings, imported and checked: what they are read as, and exactly what is wrong with them."""

from pathlib import Path

import pytest

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.checking import check_dataset
from modellab.datasets.importing.bring import Wanted, bring
from modellab.datasets.sources import Sources
from modellab.settings import Lab

pytestmark = pytest.mark.realdata
_NO_LANGUAGE = "there is text, and nobody says in which language"


@pytest.mark.parametrize(
    ("name", "read_as", "cases", "tasks", "left_out", "found"),
    [
        ("meeting-ami", "beside", 7, ["diarization"], [], []),
        (
            "meeting-phone-sample",
            "beside",
            1,
            ["asr", "diarization", "meeting"],
            [],
            [f"sample, language: {_NO_LANGUAGE}"],
        ),
        ("en-mfa-spontaneous", "transcripts", 2, ["asr"], [], []),
        (
            "en-short",
            "transcripts",
            11,
            ["asr"],
            [],
            [
                "goforward, source: goforward.raw is not audio or video in a format that can be decoded; found unknown "
                "bytes. Headerless (raw) audio must be given a header first, such as WAV.",
                "audio-mono-32-bit-44100Hz, source: the same sound as case english, in another file",
            ],
        ),
        ("video", "transcripts", 3, ["asr"], ["transcripts.tsv, line 5: two_tracks.mkv (track 1) is not there"], []),
        ("sounds-esc50", "esc50", 3, ["classify"], [], []),
        ("music-piano-madmom", "beside", 1, ["music_transcription"], [], []),
        ("noisy-clean-vctk", "transcripts", 6, ["asr", "enhance"], [], []),
        ("separation-svoice-8k", "pairs", 4, ["separate"], [], []),
    ],
)
def test_a_folder(
    lab: Lab, data: Path, name: str, read_as: str, cases: int, tasks: list[str], left_out: list[str], found: list[str]
) -> None:
    brought = bring(lab, Wanted(data / name, name))
    assert (brought.layout, brought.cases) == (read_as, cases)
    assert [str(problem) for problem in brought.account.problems] == left_out
    dataset = Catalogue(lab).get(name)
    assert dataset.manifest.tasks == tasks
    assert [str(problem) for problem in check_dataset(lab, dataset, Sources(lab))] == found
