"""How well an aligner's scores find words that nobody said where somebody speaks, and how often they doubt true words.

    python benchmarks/acoustic_flags.py DATA [--model faster_whisper:tiny.en] [--aligner hama]

The recordings are the English ones of DATA, a folder of folders with `transcripts.tsv`, and those with an STM. A
recogniser hears them as a pipeline does. Into its transcripts words are planted: five in the place of others that were
said (replaced), or five more within the time of two that were (inserted), drawn from other recordings and from phrases
that models make up. The detectors are put to the transcript as it is and with what was planted.

Of the words told to readers, three kinds: planted, misheard (the recogniser's own errors, against the reference) and
true. Precision is planted words among planted and true ones.
"""

import argparse
import csv
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path

from rich.console import Console
from rich.table import Table

from modellab.errors import InputRefused
from modellab.formats.spoken import read_stm
from modellab.media.audio import Samples, TimeMap, Waveform
from modellab.media.decode import decode
from modellab.media.folders import sound_endings
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab, Settings
from modellab.speech.forced_alignment import realign
from modellab.speech.hallucinations.detect import find
from modellab.speech.hallucinations.flags import FlagKind
from modellab.steps.vad import VadParameters
from modellab.surfaces.contracts import AlignModel, untold
from modellab.surfaces.results import Segment, Transcript, Utterance, Word

RATE_HZ = 16_000
_PLANTED = 5
_EVERY = 25
"""Words from one planting to the next."""
_LONGEST_S = 600.0
PHRASES = ("thanks for watching this video everyone", "please subscribe to my channel", "see you in the next video")


@dataclass(slots=True)
class Counts:
    """Words of transcripts, by what they are, and those of each kind that were told to readers."""

    words: Counter[str] = field(default_factory=Counter)
    told: dict[str, Counter[str]] = field(default_factory=lambda: {"without": Counter(), "with": Counter()})
    by_score: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording with what a recogniser made of it, and what is known of each word."""

    samples: Samples
    speech: list[Segment]
    words: list[Word]
    kinds: list[str]


def recordings(data: Path) -> Iterator[tuple[Path, str]]:
    """English recordings with what is said in them."""
    for table in sorted(data.glob("*/transcripts.tsv")):
        with table.open(newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        for row in rows:
            path = table.parent / row["file"]
            if path.suffix.lower() in sound_endings() and path.is_file() and row["language"][:2] == "en":
                yield path, row["text"]
    for path in sorted(data.glob("*/*.stm")):
        for sound in sorted(path.parent.glob(f"{path.stem}.*")):
            if sound.suffix.lower() in sound_endings():
                yield sound, " ".join(one.text for one in read_stm(path))


def kinds_of(words: Sequence[Word], reference: str) -> list[str]:
    """For each word whether it was said."""
    heard, said = [_plain(word.text) for word in words], [_plain(word) for word in reference.split()]
    found = ["misheard"] * len(words)
    for block in SequenceMatcher(None, heard, said, autojunk=False).get_matching_blocks():
        found[block.a : block.a + block.size] = ["true"] * block.size
    return found


def planted(spoken: Spoken, how: str, drawn: random.Random, pool: Sequence[str]) -> Spoken:
    """The same with words that nobody said."""
    words, kinds = list(spoken.words), list(spoken.kinds)
    for at in range(len(words) - _PLANTED - 3, 3, -_EVERY):
        start = drawn.randrange(len(pool) - _PLANTED)
        new = pool[start : start + _PLANTED] if drawn.random() < 0.5 else drawn.choice(PHRASES).split()[:_PLANTED]
        taken = _PLANTED if how == "replaced" else 2
        over = words[at : at + taken]
        if over[-1].end_s - over[0].start_s > 4.0:
            continue  # a pause lies in it
        keep = [] if how == "replaced" else over
        step_s = (over[-1].end_s - over[0].start_s) / (len(keep) + _PLANTED)
        row = [*(word.text for word in keep[:1]), *new, *(word.text for word in keep[1:])]
        placed = [Word(t, over[0].start_s + n * step_s, over[0].start_s + (n + 1) * step_s) for n, t in enumerate(row)]
        said = kinds[at : at + taken]
        words[at : at + taken] = placed
        kinds[at : at + taken] = [
            *([] if not keep else said[:1]),
            *["planted"] * _PLANTED,
            *([] if not keep else said[1:]),
        ]
    return replace(spoken, words=words, kinds=kinds)


def judge(spoken: Spoken, aligner: AlignModel, counts: Counts) -> None:
    """Count what is told of one transcript, without and with the aligner's scores."""
    duration_s = len(spoken.samples) / RATE_HZ

    def cut(start_s: float, end_s: float) -> Waveform:
        return Waveform(spoken.samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)], RATE_HZ)

    fits = realign(spoken.words, "en", aligner, cut=cut, time_map=TimeMap.identity(duration_s), progress=untold).scores
    text = " ".join(word.text for word in spoken.words)
    transcript = Transcript([Utterance(0.0, duration_s, text, spoken.words)], duration_s, "en")
    counts.words.update(spoken.kinds)
    for way, given in (("without", ()), ("with", fits)):
        found = find(transcript, {"vad": spoken.speech}, given)
        counts.told[way].update(spoken.kinds[number] for number in found.told_words)
    alone = {n for f in found.flags if f.kind is FlagKind.UNFITTING for n in range(f.first_word, f.end_word)}
    counts.by_score.update(spoken.kinds[number] for number in alone)


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="faster_whisper:tiny.en")
    parser.add_argument("--aligner", default="hama")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only every other recording")
    options = parser.parse_args(arguments)
    registry = ModelRegistry()
    with tempfile.TemporaryDirectory() as home, Models(_lab(Path(home)), registry) as models:
        vad, recogniser, aligner = (
            models.acquire(registry.resolve(name)[1]).model for name in ("silero_vad", options.model, options.aligner)
        )
        spoken: list[Spoken] = []
        for path, text in recordings(options.data):
            try:
                samples = decode(path, sample_rate_hz=RATE_HZ).mono[: round(_LONGEST_S * RATE_HZ)]
            except InputRefused as refused:
                print(f"left out: {refused}", file=sys.stderr)
                continue
            audio = Waveform(samples, RATE_HZ)
            speech = vad.detect(audio, VadParameters().model_dump(), untold).segments
            if speech and (words := recogniser.transcribe(audio, speech, {}, untold).words):
                spoken.append(Spoken(samples, speech, words, kinds_of(words, text)))
        pool = [word.text for one in spoken for word in one.words if word.text.isascii()]
        spoken = spoken if options.half is None else spoken[options.half :: 2]
        table = Table("transcripts", "words", "made up", "told", "planted", "misheard", "true", "precision", "recall")
        for how in ("as heard", "replaced", "inserted"):
            counts, drawn = Counts(), random.Random(7)
            for one in spoken:
                judge(one if how == "as heard" else planted(one, how, drawn, pool), aligner, counts)
            for way, told in (*counts.told.items(), ("scores alone", counts.by_score)):
                table.add_row(*_row(how, way, counts, told))
    Console(width=140).print(table)


def _row(how: str, way: str, counts: Counts, told: Counter[str]) -> list[str]:
    judged, wanted = told["planted"] + told["true"], counts.words["planted"]
    return [
        how,
        str(counts.words.total()),
        str(wanted),
        way,
        *(f"{told[kind]} of {counts.words[kind]}" for kind in ("planted", "misheard", "true")),
        f"{told['planted'] / judged:.3f}" if judged else "-",
        f"{told['planted'] / wanted:.3f}" if wanted else "-",
    ]


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _lab(home: Path) -> Lab:
    return Lab(Settings(_env_file=None, home=home, offline=True))


if __name__ == "__main__":
    main(sys.argv[1:])
