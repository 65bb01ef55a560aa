"""Nights of a lab that watches a model: are faults in its new versions found, and equal versions left in peace?

    python benchmarks/nights.py RECORDINGS --nights 20

Sentences of real recordings are the dataset, each as it is and as over a telephone (8 kHz, mu-law). A model of the
lab's own, a few lines around faster-whisper's tiny.en, is measured by the job `regression_sweep`, as the nightly
schedule starts it. Each night it has a new version, so that all is heard anew:

- an equal one: what it hears is a little louder or softer, which changes a word now and then;
- one with a fault: it hears everything a third too fast;
- one with a fault in a slice alone: it hears so what comes over a telephone, and all else as ever.

After each fault comes an equal version again. RECORDINGS is the folder of real recordings.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
import yaml

MODEL, DATASET = "nightly_whisper", "telephone_and_not"
RATE_HZ, TELEPHONE_HZ = 16_000, 8_000
_ADAPTER = '''
"""faster-whisper, and what this version does to the sound."""

from dataclasses import replace

import numpy as np

from models.faster_whisper.adapter import load as load_whisper

GAIN, TOO_FAST = {gain!r}, {too_fast!r}


def load(request):
    return Nightly(load_whisper(request))


class Nightly:
    def __init__(self, whisper):
        self._whisper = whisper

    def transcribe(self, audio, speech, parameters, progress):
        samples = audio.samples * np.float32(GAIN)
        if TOO_FAST == "all" or TOO_FAST == "telephone" and _over_telephone(samples, audio.sample_rate_hz):
            heard = np.interp(np.arange(0, len(samples), 1.33), np.arange(len(samples)), samples)
            samples = np.pad(heard, (0, len(samples) - len(heard))).astype(np.float32)
        return self._whisper.transcribe(replace(audio, samples=samples), speech, parameters, progress)


def _over_telephone(samples, rate_hz):
    power = np.abs(np.fft.rfft(samples)) ** 2
    return power[np.fft.rfftfreq(len(samples), 1 / rate_hz) > 4200].sum() < 1e-4 * power.sum()
'''
_RIGHT = {"first": {"no baseline"}, "equal": {"kept", "doubtful"}, "fault": {"regressed"}}
"""What is right to say of a version. Of an equal one there may be a doubt, which fails nothing."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of a recording, and what is said in it."""

    name: str
    sound: np.ndarray
    """Mono, at `RATE_HZ`."""
    text: str


def main() -> None:
    """Make the lab, go through the nights, and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--nights", type=int, default=20, help="nights with an equal version")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        home, models = Path(folder) / "home", Path(folder) / "models"
        # Read when the program's modules are imported, and by the sweep's own process.
        os.environ.update(MODELLAB_HOME=str(home), MODELLAB_MODELS=str(models))
        cases = _write_dataset(home, arguments.recordings)
        (home / "regression.yaml").write_text(yaml.safe_dump({"plan": [{"dataset": DATASET, "systems": [MODEL]}]}))
        nights = []
        for version, (what, gain, too_fast) in enumerate(_versions(arguments.nights, chance), start=1):
            _write_model(models, version, gain, too_fast)
            night = {"night": version, "version": what, **_sweep()}
            nights.append(night)
            print(f"{version:3}  {what:22} {night['verdict']:18} {night['said']}", file=sys.stderr, flush=True)
    problems = [night for night in nights if night["verdict"] not in _RIGHT[night["version"].partition(":")[0]]]
    print(json.dumps({"cases": cases, "verdicts": _counted(nights), "nights": nights}, indent=1))
    sys.exit(f"{len(problems)} nights with a wrong verdict" if problems else 0)


def _versions(nights: int, chance: random.Random) -> Iterator[tuple[str, float, str]]:
    """What each night's version is, its gain, and what it hears too fast."""
    yield "first", 1.0, ""
    for _ in range(nights):
        yield "equal", round(chance.uniform(0.6, 1.4), 3), ""
    for what in ("all", "telephone"):
        yield f"fault: {what}", 1.0, what
        yield "equal", round(chance.uniform(0.6, 1.4), 3), ""


def _write_model(folder: Path, version: int, gain: float, too_fast: str) -> None:
    from modellab.settings import PROJECT_ROOT

    place = folder / MODEL
    place.mkdir(parents=True, exist_ok=True)
    config = yaml.safe_load((PROJECT_ROOT / "models" / "faster_whisper" / "config.yaml").read_text())
    config.pop("aliases")
    config |= {
        "id": MODEL,
        "adapter_version": version,
        "default_variant": "tiny.en",
        "variants": {"tiny.en": config["variants"]["tiny.en"]},
    }
    (place / "config.yaml").write_text(yaml.safe_dump(config))
    (place / "adapter.py").write_text(_ADAPTER.format(gain=gain, too_fast=too_fast))
    (place / "claims.yaml").write_text("claims: []\n")
    (place / "README.md").write_text("# Whisper of the nights\n")
    shutil.rmtree(place / "__pycache__", ignore_errors=True)


def _write_dataset(home: Path, recordings: Path) -> int:
    from modellab.datasets import manifest as given
    from modellab.datasets.loading import write_manifest
    from modellab.datasets.places import FilePlace
    from modellab.files import sha256_file

    folder = home / "datasets" / DATASET
    (folder / "media").mkdir(parents=True)
    cases = []
    for sentence in _sentences(recordings):
        for channel, sound in (("wideband", sentence.sound), ("telephone", over_telephone(sentence.sound))):
            path = folder / "media" / f"{sentence.name}-{channel}.flac"
            soundfile.write(path, np.clip(sound, -1.0, 1.0), RATE_HZ, subtype="PCM_16")
            cases.append(
                given.Case(
                    id=path.stem,
                    source=FilePlace(file=f"media/{path.name}", sha256=sha256_file(path)),
                    tags={"channel": channel},
                    reference=given.ReferenceGiven(text=sentence.text),
                )
            )
    manifest = given.Manifest(
        id=DATASET,
        version="1",
        description="Sentences of real recordings, as they are and as over a telephone.",
        licence="that of the recordings",
        tasks=["asr"],
        language="en",
        cases=cases,
    )
    write_manifest(manifest, folder)
    return len(cases)


def _sentences(recordings: Path) -> Iterator[Sentence]:
    for corpus, table in (("en-long-ljspeech", "segments.tsv"), ("en-long-sales-call", "demo.stm")):
        media = next(path for path in (recordings / corpus).iterdir() if path.suffix in {".flac", ".mp3"})
        read, rate_hz = soundfile.read(media, dtype="float32", always_2d=True)
        sound = soxr.resample(read.mean(axis=1), rate_hz, RATE_HZ)
        for number, (start_s, end_s, text) in enumerate(_rows(recordings / corpus / table)):
            if 4.0 <= end_s - start_s <= 12.0:
                stretch = sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
                yield Sentence(f"{corpus}-{number:03}", stretch, text)


def _rows(table: Path) -> Iterator[tuple[float, float, str]]:
    """Start and end in seconds, and the text, of each line; of the long call the first thirty."""
    lines = table.read_text().splitlines()
    if table.suffix == ".tsv":
        for row in (line.split("\t") for line in lines[1:]):
            yield float(row[1]), float(row[2]), row[3]
        return
    for line in lines[:30]:
        _, _, _, start, end, text = line.split(maxsplit=5)
        yield float(start), float(end), text


def over_telephone(sound: np.ndarray) -> np.ndarray:
    """As over a telephone: 8 kHz and the 256 steps of mu-law (ITU-T G.711, as its continuous curve), at `RATE_HZ`."""
    narrow = np.clip(soxr.resample(sound, RATE_HZ, TELEPHONE_HZ), -1.0, 1.0)
    curve = np.sign(narrow) * np.log1p(255.0 * np.abs(narrow)) / np.log1p(255.0)
    steps = np.round(curve * 127.0) / 127.0
    wide = np.sign(steps) * np.expm1(np.abs(steps) * np.log1p(255.0)) / 255.0
    return np.asarray(soxr.resample(wide.astype(np.float32), TELEPHONE_HZ, RATE_HZ))


def _sweep() -> dict[str, Any]:
    """One night: the job as the schedule starts it, what its checks said, and the verdict that is kept."""
    import dagster as dg

    from modellab.settings import Lab
    from modellab.warehouse.query import query
    from modellab_dagster.definitions import defs

    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("regression_sweep").execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            instance=instance,
            raise_on_error=False,
        )
        failed = [one.check_name for one in result.get_asset_check_evaluations() if not one.passed]
        if not result.asset_materializations_for_node("regression"):
            raise SystemExit("the sweep broke off: it said nothing of this night")
    lab = Lab.from_environment()
    gate, verdict = query(lab, "SELECT gate, verdict FROM gates ORDER BY sequence DESC LIMIT 1").rows[0]
    found = query(lab, f"SELECT said, slices FROM gate_findings WHERE gate = '{gate}' AND step <> 'speed'").rows
    said = [f"{said} {' '.join(slices)}".rstrip() for said, slices in found]
    return {"verdict": verdict, "failed_checks": failed, "said": "; ".join(said)}


def _counted(nights: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for night in nights:
        counts.setdefault(str(night["version"]), Counter())[str(night["verdict"])] += 1
    return {what: dict(counted) for what, counted in counts.items()}


if __name__ == "__main__":
    main()
