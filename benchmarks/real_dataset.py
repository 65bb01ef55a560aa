"""The folder of real recordings as datasets of the lab, so that `modellab bench` measures on them.

    python benchmarks/real_dataset.py DATA
    modellab bench -d real_recordings -m faster_whisper:tiny.en,faster_whisper:base --folder recordings=DATA

Writes `real_recordings` into the lab's home: the English speech and meetings of `benchmarks/quality.py` and the noisy
recordings with their clean ones, each with what is known of it. And three parts of it, each what models of one kind are
measured on: `real_speech`, recordings up to a minute whose words are known; `real_conversations`, those whose turns are
known; `real_noisy`, those with a clean one beside them. Media stay where they are.
"""

import argparse
import re
from pathlib import Path

from quality import Case, cases_of  # type: ignore[import-not-found]  # beside this file, which is run as a script

from modellab.datasets import manifest as given
from modellab.datasets.loading import write_manifest
from modellab.datasets.places import FolderPlace
from modellab.files import sha256_file
from modellab.formats.rttm import read_rttm
from modellab.settings import Lab

FOLDER = "recordings"
DATASET = "real_recordings"
SPEECH, CONVERSATIONS, NOISY = "real_speech", "real_conversations", "real_noisy"
_LONG = ("en-long-ljspeech", "en-long-sales-call", "crafted-meeting-librispeech")
"""Corpora whose recordings are longer than a minute: one of nine minutes takes as long as all short ones together."""
_STYLE = {
    "en-jfk": "speech",
    "en-librivox-austen": "read",
    "en-librispeech": "read",
    "en-picovoice": "read",
    "en-short": "commands",
    "en-mfa-spontaneous": "spontaneous",
    "en-long-ljspeech": "read",
    "en-long-sales-call": "phone call",
    "en-sonnet-formats": "read",
    "meeting-ami": "meeting",
    "meeting-phone-sample": "phone call",
    "meeting-ami-headset": "meeting",
    "crafted-conversation": "crafted talk",
    "crafted-meeting-librispeech": "crafted talk",
    "noisy-clean-vctk": "read",
}
_NOISY = "noisy-clean-vctk"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    data: Path = parser.parse_args().data.resolve()
    for manifest in manifests(data):
        print(write_manifest(manifest, Lab.from_environment().datasets / manifest.id))


def manifests(data: Path) -> list[given.Manifest]:
    """The whole, then its parts."""
    cases = [_case(data, case) for case in cases_of(data) if case.has_reference] + _noisy(data)
    said = [one for one in cases if one.reference.text is not None and one.tags["corpus"] not in _LONG]
    said = [one for one in said if not one.id.endswith("-raw")]  # without a header no recording: it is refused
    turns = [one for one in cases if one.reference.rttm is not None]
    noisy = [one for one in cases if one.reference.clean is not None]
    real = "Real English recordings"
    return [
        _manifest(DATASET, f"{real} with references", ["asr", "diarization", "meeting", "enhance"], cases),
        _manifest(SPEECH, f"{real} up to a minute with their words", ["asr"], said),
        _manifest(CONVERSATIONS, f"{real} with who speaks when", ["diarization", "vad"], turns),
        _manifest(NOISY, f"{real} in noise, with the clean ones", ["enhance"], noisy),
    ]


def _manifest(name: str, description: str, tasks: list[str], cases: list[given.Case]) -> given.Manifest:
    return given.Manifest(
        id=name,
        version="1",
        description=f"{description}, from public repositories.",
        licence="see each folder's LICENCE.txt",
        tasks=tasks,
        language="en",
        cases=cases,
    )


def _place(data: Path, path: Path, *, is_media: bool = True) -> FolderPlace:
    digest = sha256_file(path) if is_media else None
    return FolderPlace(folder=FOLDER, file=str(path.relative_to(data)), sha256=digest)


def _name(*parts: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", "-".join(parts))


def _case(data: Path, case: Case) -> given.Case:
    path = case.path
    stm, rttm, uem = (path.with_suffix(ending) for ending in (".stm", ".rttm", ".uem"))
    reference = given.ReferenceGiven(
        text=case.text,
        stm=_place(data, stm, is_media=False) if stm.is_file() else None,
        rttm=_place(data, rttm, is_media=False) if rttm.is_file() else None,
        uem=_place(data, uem, is_media=False) if uem.is_file() else None,
    )
    return given.Case(
        id=_name(case.corpus, path.stem, path.suffix[1:]),
        recording=path.stem,
        source=_place(data, path),
        speakers=_speakers(path, rttm),
        tags={"style": _STYLE[case.corpus], "corpus": case.corpus},
        reference=reference,
    )


def _speakers(path: Path, rttm: Path) -> list[str]:
    """Who speaks, as far as it is known: else recordings of one folder stand together, as one reader's may be."""
    if rttm.is_file():
        return list(dict.fromkeys(turn.speaker for turn in read_rttm(rttm)[path.stem]))
    listed = path.parent / "transcripts.tsv"
    rows = [line.split("\t") for line in listed.read_text().splitlines()] if listed.is_file() else []
    known = [row[1] for row in rows if row[0] == path.name and row[1]]
    return known[:1] or [path.parent.name]


def _noisy(data: Path) -> list[given.Case]:
    folder = data / _NOISY
    rows = [line.split("\t") for line in (folder / "transcripts.tsv").read_text().splitlines()]
    return [
        given.Case(
            id=_name(_NOISY, Path(file).stem),
            source=_place(data, folder / file),
            speakers=[speaker],
            tags={"style": _STYLE[_NOISY], "corpus": _NOISY, "noise": "noisy"},
            reference=given.ReferenceGiven(text=text, clean=_place(data, folder / file.replace("noisy/", "clean/"))),
        )
        for file, speaker, _, text in rows
        if file.startswith("noisy/")
    ]


if __name__ == "__main__":
    main()
