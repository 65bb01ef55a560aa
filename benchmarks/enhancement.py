"""What enhancement does to a recording's sound, and to the words recognised in it.

    python benchmarks/enhancement.py DATA [--asr faster_whisper:base] [--home DIR]

Sound: PESQ, STOI, SI-SDR against the clean recording, and DNSMOS, which needs none, of the noisy/clean pairs in DATA,
at 16 kHz. Words: WER (Whisper's English normalisation) of those pairs that have transcripts, and of clean read speech
into which recorded noise was mixed at several ratios (power of the whole recording over power of the noise). Every
figure is of what the pipeline's own steps give: `enhance_asr` with each model, beside the same without enhancement.

Prints Markdown. Needs the extras `enhance` and `bench`. With a home, results are kept, and a second call only scores.
"""

import argparse
import csv
import operator
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import soundfile
from rich.console import Console

from modellab.artifacts.store import Artifact, ArtifactStore
from modellab.datasets.reference import Reference, ReferenceSound
from modellab.inputs.store import InputStore
from modellab.media.audio import Samples
from modellab.media.canonical import CanonicalAudio
from modellab.media.decode import decode
from modellab.metrics.score import Score
from modellab.metrics.sounds import Sound
from modellab.metrics.suites import enhance
from modellab.metrics.transcription import transcription_error
from modellab.pipeline.engine import Engine
from modellab.pipeline.record import RunIdentity
from modellab.pipeline.system import resolve_system
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.surfaces.results import Transcript
from modellab.warehouse.recorder import Recorder

RATE_HZ = 16_000
"""At which noise is mixed in, and sound compared."""
_WITHOUT = "without"
WAYS: Mapping[str, str] = {
    _WITHOUT: "fast_asr_only+ingest.sample_rate_hz=48000",
    "rnnoise": "enhance_asr+enhance=rnnoise",
    "deepfilternet": "enhance_asr",
    "deepfilternet, at most 12 dB": "enhance_asr+enhance.max_attenuation_db=12",
}
"""What is compared -> the system."""
MEASURES: Mapping[str, str] = {
    "pesq": ".2f",
    "stoi": ".3f",
    "si_sdr": ".1f",
    "dnsmos_ovrl": ".2f",
    "dnsmos_sig": ".2f",
    "dnsmos_bak": ".2f",
}
"""Metric -> how its mean is written."""
_CLEAN = ReferenceSound(sha256="", name="clean")
_RATIOS_DB = (10, 5, 0, -5, -10)
_SPEECH = "en-librispeech"
_REVERBERANT = "_rvb"
_PAIRS = "noisy-clean-vctk"
_FULL_BAND = "noisy-clean-deepfilternet"


@dataclass(frozen=True, slots=True)
class Case:
    """A noisy recording, and what is known of it."""

    group: str
    noisy: Path
    clean: Path | None = None
    text: str | None = None


def sound_cases(data: Path) -> list[Case]:
    """The noisy/clean pairs."""
    folder = data / _PAIRS
    texts = _transcripts(folder)
    pairs = [
        Case(_PAIRS, path, folder / "clean" / path.name, texts.get(f"noisy/{path.name}"))
        for path in sorted((folder / "noisy").glob("*.wav"))
    ]
    [clean] = (data / _FULL_BAND).glob("clean_*.flac")
    return [*pairs, *(Case(_FULL_BAND, path, clean) for path in sorted((data / _FULL_BAND).glob("noisy_*.flac")))]


def mixed_cases(data: Path, folder: Path) -> list[Case]:
    """Read speech as it is, then with noise at each ratio, written as WAV into the folder."""
    [noise_path] = (data / _FULL_BAND).glob("noise_*.flac")
    noise = decode(noise_path, sample_rate_hz=RATE_HZ).mono
    spoken = {name: text for name, text in _transcripts(data / _SPEECH).items() if _REVERBERANT not in name}
    cases = [Case("as recorded", data / _SPEECH / name, text=text) for name, text in spoken.items()]
    for ratio_db in _RATIOS_DB:
        for name, text in spoken.items():
            speech = decode(data / _SPEECH / name, sample_rate_hz=RATE_HZ).mono
            path = folder / f"{Path(name).stem}_{ratio_db}dB.wav"
            soundfile.write(path, mix(speech, noise, ratio_db), RATE_HZ, subtype="FLOAT")
            cases.append(Case(f"noise at {ratio_db} dB", path, text=text))
    return cases


def mix(speech: Samples, noise: Samples, ratio_db: float) -> Samples:
    """Speech with noise, repeated as needed, at a ratio of their mean powers."""
    repeated = np.resize(noise, len(speech))
    gain = np.sqrt(np.mean(speech**2) / np.mean(repeated**2) / 10 ** (ratio_db / 10))
    return (speech + np.float32(gain) * repeated).astype(np.float32)


def _transcripts(folder: Path) -> dict[str, str]:
    with (folder / "transcripts.tsv").open(newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["file"]: row["text"] for row in rows}


def measure(found: Sound, clean: Sound) -> list[Score]:
    """The measures of `MEASURES` of audio against its clean original."""
    reference = Reference(clean=_CLEAN)
    scores = enhance.scores(reference, found, found, source_rate_hz=RATE_HZ, opened=lambda _: clean)
    by_name = {score.metric.name: score for score in scores}
    return [by_name[name] for name in MEASURES]


class Lane:
    """Runs systems' steps, each model loaded once."""

    def __init__(self, lab: Lab, asr: str) -> None:
        self._registry = ModelRegistry()
        self._inputs = InputStore(lab)
        self._asr = asr
        self._engine = Engine(lab, Models(lab, self._registry), ArtifactStore(lab.artifacts), Recorder(lab))

    def audio(self, path: Path, way: str) -> CanonicalAudio:
        """What the asr step hears."""
        steps = ("ingest",) if way == _WITHOUT else ("ingest", "enhance")
        return CanonicalAudio.open(self._run(path, way, steps))

    def wer(self, case: Case, way: str) -> Score:
        """Errors of the words recognised."""
        steps = ("ingest", "vad", "asr") if way == _WITHOUT else ("ingest", "enhance", "vad", "asr")
        transcript = self._run(case.noisy, way, steps).read(Transcript)
        return transcription_error(case.text or "", transcript.text, "en")

    def _run(self, path: Path, way: str, steps: tuple[str, ...]) -> Artifact:
        """The last step's result.

        Raises:
            RuntimeError: a step failed.
        """
        system = resolve_system(f"{WAYS[way]}+asr={self._asr}", self._registry)
        source = self._inputs.register(path)
        run = RunIdentity(self._engine.run_key(system, source), "enhancement")
        for step in steps:
            record = self._engine.run_step(system, source, step, run)
            if record.error:
                raise RuntimeError(f"{step} of {system.key} on {path.name}: {record.error}")
        artifact = self._engine.artifact(system, source, steps[-1])
        assert artifact is not None
        return artifact


def sound_table(lane: Lane, cases: list[Case], progress: Console) -> Iterator[str]:
    """Means over the recordings of each group."""
    yield "| recordings | | PESQ | STOI | SI-SDR dB | DNSMOS | speech | background |"
    yield "|---|---|---:|---:|---:|---:|---:|---:|"
    for group in dict.fromkeys(case.group for case in cases):
        own = [case for case in cases if case.group == group]
        for way in WAYS:
            totals: list[Score] = []
            for case in own:
                progress.print(f"{case.noisy.name}: {way}")
                assert case.clean is not None
                scores = measure(lane.audio(case.noisy, way), lane.audio(case.clean, _WITHOUT))
                totals = [total + score for total, score in zip(totals, scores, strict=True)] if totals else scores
            figures = (f"{total.value:{MEASURES[total.metric.name]}}" for total in totals)
            yield _row(f"{group} ({len(own)})", way, *figures)


def word_table(lane: Lane, cases: list[Case], progress: Console) -> Iterator[str]:
    """WER of each group: sums of errors over sums of words."""
    yield f"| recordings | words | {' | '.join(WAYS)} |"
    yield f"|---|---:|{'---:|' * len(WAYS)}"
    for group in dict.fromkeys(case.group for case in cases):
        own = [case for case in cases if case.group == group]
        cells: list[str] = []
        for way in WAYS:
            progress.print(f"{group}: {way}")
            total = reduce(operator.add, (lane.wer(case, way) for case in own))
            cells.append(f"{total.value:.3f} ({total['substitutions']}/{total['deletions']}/{total['insertions']})")
        yield _row(f"{group} ({len(own)})", str(total.denominator), *cells)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the data folder")
    parser.add_argument("--asr", default="faster_whisper:base", help="model for the asr step")
    parser.add_argument("--home", type=Path, help="a lab's home to keep results in")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory() as temporary:
        settings = Lab.from_environment().settings.model_copy(update={"home": arguments.home or Path(temporary)})
        lane = Lane(Lab(settings), arguments.asr)
        pairs = sound_cases(arguments.data)
        for line in sound_table(lane, pairs, progress):
            print(line, flush=True)
        print()
        spoken = [case for case in pairs if case.text] + mixed_cases(arguments.data, Path(temporary))
        for line in word_table(lane, spoken, progress):
            print(line, flush=True)


if __name__ == "__main__":
    main()
