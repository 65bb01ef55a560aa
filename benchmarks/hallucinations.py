"""How well words that nobody said are found: precision and recall of each detector, and what looking costs.

    python benchmarks/hallucinations.py [--models faster_whisper:tiny.en faster_whisper:base] [--data DATA]

Three questions, over recordings that come along (docs/datasets.md):

- planted: transcripts of `hallucination_planted_v1` in which some words are known to be made up.
- models: real models over the same recordings and `hallucination_v1`, given everything as speech, as if no voice
  activity detector were before them. A word that touches no speech of the reference is invented.
- cost: a made transcript of two hours, and the second listener against the models' own time.

With DATA, a folder of recordings with `transcripts.tsv` in its folders, also how much of real speech is flagged: all of
that counts as wrong. Precision and recall count words; a word counts once for each detector that flags it.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from rich.console import Console
from rich.table import Table

from modellab.datasets.catalogue import Catalogue
from modellab.datasets.places import TextPlace
from modellab.datasets.planted import read_planted
from modellab.datasets.reading import ReferenceReader
from modellab.datasets.reference import Reference, ReferenceSound
from modellab.datasets.sources import Sources
from modellab.errors import InputRefused
from modellab.media.audio import Samples, Waveform
from modellab.media.decode import decode
from modellab.media.folders import sound_endings
from modellab.media.quiet import audible
from modellab.metrics.score import Score
from modellab.metrics.suites import hallucination
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import PROJECT_ROOT, Lab, Settings
from modellab.speech.hallucinations import voicing
from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import FlagKind, Hallucinations
from modellab.speech.hallucinations.outside import far_from
from modellab.steps.vad import VadParameters
from modellab.surfaces.contracts import AsrModel, VadModel, untold
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

DATASETS = PROJECT_ROOT / "datasets"
RATE_HZ = 16_000
_TOLD = "told to readers"
_TWO_HOURS_S = 7200.0


@dataclass(slots=True)
class Found:
    """Words that a detector flagged, and words that it should have."""

    hits: int = 0
    flagged: int = 0
    wanted: int = 0

    def add(self, flagged: set[int], wanted: set[int]) -> None:
        """One transcript's words, by number."""
        self.hits += len(flagged & wanted)
        self.flagged += len(flagged)
        self.wanted += len(wanted)

    @property
    def precision(self) -> float | None:
        return self.hits / self.flagged if self.flagged else None

    @property
    def recall(self) -> float | None:
        return self.hits / self.wanted if self.wanted else None


@dataclass(slots=True)
class Scored:
    """Detectors over several transcripts."""

    transcripts: int = 0
    words: int = 0
    by_detector: dict[str, Found] = field(default_factory=lambda: defaultdict(Found))

    def add(self, found: Hallucinations, wanted: set[int]) -> None:
        """One transcript with the words that were made up."""
        self.transcripts += 1
        self.words += found.words
        for kind in FlagKind:
            self.by_detector[kind.value].add(_words(found, kind), wanted)
        self.by_detector[_TOLD].add(found.told_words, wanted)
        self.by_detector["any flag, weak ones too"].add(_words(found, None), wanted)


class Listeners:
    """Who says where there is speech."""

    def __init__(self, vad: VadModel) -> None:
        self._vad = vad
        self.voicing_s = 0.0

    def hear(self, samples: Samples) -> dict[str, list[Segment]]:
        """The vad step's model and the pitch detector."""
        heard = audible(samples, RATE_HZ).samples
        speech = self._vad.detect(Waveform(heard, RATE_HZ), VadParameters().model_dump(), untold).segments
        began = time.process_time()
        voiced = voicing.voiced(soxr.resample(heard, RATE_HZ, voicing.RATE_HZ))
        self.voicing_s += time.process_time() - began
        return {"vad": speech, "voicing": voiced}


def planted(listeners: Listeners) -> Scored:
    """Transcripts with planted words."""
    scored = Scored()
    for path in sorted((DATASETS / "media" / "planted").glob("*.json")):
        known = read_planted(path)
        samples = _sound(path.with_name(f"{path.name.split('.')[0]}.flac"))
        scored.add(find(known.transcript, listeners.hear(samples)), set(known.made_up))
    return scored


@dataclass(slots=True)
class Heard:
    """What a model made of recordings in which it is known where there is speech."""

    detectors: Scored = field(default_factory=Scored)
    score: Score | None = None
    model_s: float = 0.0


def cases(lab: Lab) -> Iterator[tuple[Samples, Reference]]:
    """The recordings of which it is known where there is speech."""
    sources, catalogue = Sources(lab), Catalogue(lab)
    reader = ReferenceReader(sources, _no_sound)
    for name in ("hallucination_planted_v1", "hallucination_v1"):
        dataset = catalogue.get(name)
        for case in dataset.manifest.cases:
            assert not isinstance(case.source, TextPlace)
            samples = _sound(sources.find(case.source, dataset.folder))
            yield samples, reader.read(dataset, case, len(samples) / RATE_HZ)


def _no_sound(path: Path) -> ReferenceSound:
    raise ValueError(f"no case here has a reference sound: {path}")


def by_model(model: AsrModel, listeners: Listeners, lab: Lab) -> Heard:
    """A model given everything as speech."""
    heard = Heard()
    for samples, reference in cases(lab):
        began = time.process_time()
        whole = [Segment(0.0, len(samples) / RATE_HZ)]
        transcript = model.transcribe(Waveform(samples, RATE_HZ), whole, {}, untold)
        heard.model_s += time.process_time() - began
        [score] = hallucination.scores(reference, transcript)
        heard.score = heard.score + score if heard.score else score
        far = far_from(transcript.words, reference.speech or []) if transcript.words else np.zeros(0)
        heard.detectors.add(find(transcript, listeners.hear(samples)), set(np.flatnonzero(far).tolist()))
    return heard


def real(model: AsrModel, listeners: Listeners, vad: VadModel, data: Path, language: str | None) -> Scored:
    """Flags over real speech, heard as the pipeline hears it: none of it is known to be made up."""
    scored = Scored()
    for path in _recordings(data, language):
        try:
            samples = _sound(path)
        except InputRefused as refused:
            print(f"left out: {refused}", file=sys.stderr)
            continue
        heard = listeners.hear(samples)
        transcript = model.transcribe(Waveform(samples, RATE_HZ), heard["vad"], {}, untold)
        scored.add(find(transcript, heard), set())
    return scored


def _recordings(data: Path, language: str | None) -> Iterator[Path]:
    for table in sorted(data.glob("*/transcripts.tsv")):
        with table.open(newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        for row in rows:
            path = table.parent / row["file"]
            if path.suffix.lower() in sound_endings() and path.is_file() and language in (None, row["language"][:2]):
                yield path


def two_hours() -> tuple[Transcript, dict[str, list[Segment]]]:
    """20,000 words, a third of them in loops, so that there is something to find."""
    draw = np.random.default_rng(9)
    vocabulary = np.array([f"word{number}" for number in range(3000)])
    texts: list[str] = []
    while len(texts) < 20_000:
        texts += vocabulary[draw.zipf(1.3, 200) % 3000].tolist()
        texts += vocabulary[draw.integers(0, 3000, draw.integers(1, 40))].tolist() * 5
    step_s = _TWO_HOURS_S / 20_000
    words = [Word(text, n * step_s, (n + 0.9) * step_s, float(draw.random())) for n, text in enumerate(texts[:20_000])]
    utterances = [
        Utterance(said[0].start_s, said[-1].end_s, " ".join(word.text for word in said), said)
        for said in (words[start : start + 20] for start in range(0, 20_000, 20))
    ]
    voiced = [Segment(n * 0.5, n * 0.5 + 0.3) for n in range(int(_TWO_HOURS_S * 2)) if n % 100 < 80]
    return Transcript(utterances, _TWO_HOURS_S, "en"), {"vad": [Segment(0.0, _TWO_HOURS_S)], "voicing": voiced}


def scan_s() -> tuple[float, int]:
    """The least of three times that two hours take, in processor seconds, and the flags there are."""
    transcript, listeners = two_hours()
    find(Transcript(transcript.utterances[:2], 10.0, "en"), listeners)  # lists of stop words are read once
    times = []
    for _ in range(3):
        began = time.process_time()
        found = find(transcript, listeners)
        times.append(time.process_time() - began)
    return min(times), len(found.flags)


def _words(found: Hallucinations, kind: FlagKind | None) -> set[int]:
    flags = [flag for flag in found.flags if kind is None or flag.kind is kind]
    return {word for flag in flags for word in range(flag.first_word, flag.end_word)}


def _sound(path: Path) -> Samples:
    return decode(path, sample_rate_hz=RATE_HZ).mono


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(title: str, scored: Scored) -> Table:
    table = Table("detector", "flagged words", "precision", "recall", title=title, title_justify="left")
    for name, found in scored.by_detector.items():
        table.add_row(name, str(found.flagged), _share(found.precision), _share(found.recall))
    return table


def _figures(scored: Scored) -> dict[str, Any]:
    detectors = {
        name: {"flagged": found.flagged, "wanted": found.wanted, "precision": found.precision, "recall": found.recall}
        for name, found in scored.by_detector.items()
    }
    return {"transcripts": scored.transcripts, "words": scored.words, "detectors": detectors}


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=["faster_whisper:tiny.en", "faster_whisper:base"])
    parser.add_argument("--data", type=Path, help="a folder of real recordings with transcripts.tsv")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    console = Console(stderr=options.json)
    report: dict[str, Any] = {}
    registry = ModelRegistry()
    with tempfile.TemporaryDirectory() as home, Models(lab := _lab(Path(home)), registry) as models:
        vad = models.acquire(registry.resolve("silero_vad")[1]).model
        listeners = Listeners(vad)
        scored = planted(listeners)
        title = f"planted: {scored.transcripts} transcripts, {scored.words} words"
        console.print(_table(title, scored))
        report["planted"] = _figures(scored)
        for name in options.models:
            config, ref = registry.resolve(name)
            model = models.acquire(ref).model
            listeners.voicing_s = 0.0
            heard = by_model(model, listeners, lab)
            assert heard.score is not None
            share = listeners.voicing_s / heard.model_s
            invented, quiet_min = heard.score["invented_words"], heard.score["quiet_min"]
            said = f"{name}: {invented:g} invented words in {quiet_min:.1f} min without speech"
            console.print(_table(said, heard.detectors))
            console.print(f"voicing: {share:.2%} of the model's processor time\n")
            report[name] = {
                **_figures(heard.detectors),
                "invented_words_per_minute": heard.score.value,
                "voicing_share_of_inference": share,
            }
            if options.data:
                languages = config.languages_of(ref.variant)
                only = languages[0] if len(languages) == 1 and languages[0] != "*" else None
                flagged = real(model, listeners, vad, options.data, only)
                told = flagged.by_detector[_TOLD].flagged
                console.print(_table(f"{name}, real speech: {told} of {flagged.words} words told", flagged))
                report[f"{name} real"] = _figures(flagged)
        seconds, flags = scan_s()
        console.print(f"two hours of transcript (20,000 words, {flags} flags): {seconds:.2f} s")
        report["two_hours_s"] = seconds
    if options.json:
        print(json.dumps(report, indent=1))


def _lab(home: Path) -> Lab:
    return Lab(Settings(_env_file=None, home=home, offline=True))


if __name__ == "__main__":
    main(sys.argv[1:])
