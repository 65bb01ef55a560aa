"""Pk and WindowDiff of the chapters step on transcripts with known boundaries, beside TextTiling and even splits.

    python benchmarks/chapters.py [--split test] [--documents 40] [--data FOLDER]

Three kinds of documents, all from labelled or known text:
- meetings: the dialogues as they are; boundaries are their topics (all of about the same length);
- joined: 4 to 9 topics of different meetings after each other, each cut to a random stretch of at least 3 turns;
- recordings (with --data): the sentences of different real recordings after each other, from `transcripts.tsv`.

Pk and WindowDiff count errors in a sliding window of half the average true segment (lower is better, 0 is perfect).
Even splits are told the true number of chapters; nothing else is. The drawing of documents is seeded.
"""

import argparse
import csv
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nltk.tokenize.texttiling import TextTilingTokenizer

from modellab.metrics.segmentation import window_scores
from modellab.registry.models import Models
from modellab.registry.registry import ModelRegistry
from modellab.settings import Lab
from modellab.steps.helpers import EMBEDDER_MODEL
from modellab.surfaces.contracts import EmbedModel
from modellab.text.dialogues import Split, load_dialogues, transcript_of
from modellab.text.segmentation import segment
from modellab.text.sentences import Sentence, split_sentences
from modellab.text.stopwords import stop_words

Turns = Sequence[tuple[str | None, str]]
Method = Callable[["Document"], list[int]]
_LEAST_TURNS = 3
_MOST_CHAPTERS = 20
_LEAST_WORDS = 40


@dataclass(frozen=True, slots=True)
class Document:
    """Sentences, and the first sentence of each true chapter but the first."""

    sentences: Sequence[Sentence]
    boundaries: frozenset[int]

    @classmethod
    def of(cls, parts: Sequence[Turns]) -> "Document":
        """Parts after each other, each a true chapter."""
        sentences = split_sentences(transcript_of([turn for part in parts for turn in part]))
        starts, words = set(), 0
        for part in parts:
            starts.add(words)
            words += sum(len(text.split()) for _, text in part)
        found = {max(i for i, s in enumerate(sentences) if s.first_word <= start) for start in starts}
        return cls(sentences, frozenset(found - {0}))


def meetings(split: Split) -> Iterator[Document]:
    """Each dialogue as it is."""
    for dialogue in load_dialogues(split):
        yield Document.of([[(dialogue.label(who), text) for who, text in part] for part in dialogue.segments()])


def joined(split: Split, count: int) -> Iterator[Document]:
    """Stretches of topics of different meetings after each other."""
    draw = random.Random(1)
    pool = [[(d.label(who), text) for who, text in part] for d in load_dialogues(split) for part in d.segments()]
    for _ in range(count):
        parts = []
        for part in draw.sample(pool, draw.randint(4, 9)):
            turns = draw.randint(min(_LEAST_TURNS, len(part)), len(part))
            begin = draw.randint(0, len(part) - turns)
            parts.append(part[begin : begin + turns])
        yield Document.of(parts)


def recordings(folder: Path, count: int) -> Iterator[Document]:
    """Transcripts of English recordings of different folders after each other, one speaker throughout."""
    pool: list[Turns] = []
    for path in sorted(folder.glob("en-*/transcripts.tsv")):
        with path.open(newline="") as handle:
            texts = [row["text"] for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE)]
        readable = [text for text in dict.fromkeys(texts) if text and any(mark in text for mark in ".?!")]
        if sum(len(text.split()) for text in readable) >= _LEAST_WORDS:
            pool.append([("SPEAKER_00", text) for text in readable])
    draw = random.Random(1)
    for _ in range(count):
        yield Document.of(draw.sample(pool, min(len(pool), draw.randint(3, 5))))


@cache
def _embedder() -> EmbedModel:
    registry = ModelRegistry()
    model: EmbedModel = Models(Lab.from_environment(), registry).acquire(registry.resolve(EMBEDDER_MODEL)[1]).model
    return model


def chapters_step(document: Document) -> list[int]:
    """What the chapters step does."""
    return segment(document.sentences, _embedder(), most=_MOST_CHAPTERS)[1:]


def text_tiling(document: Document) -> list[int]:
    """Hearst's TextTiling as nltk has it, a sentence a paragraph, boundaries moved to the nearest sentence."""
    texts = [sentence.text for sentence in document.sentences]
    tokenizer = TextTilingTokenizer(stopwords=sorted(stop_words("en")))
    try:
        tiles = tokenizer.tokenize("\n\n".join(texts))
    except ValueError:  # nltk's refusal of a text with too few paragraphs
        return []
    starts = [0]
    for text in texts:
        starts.append(starts[-1] + len(text) + 2)
    ends, place = [], 0
    for tile in tiles[:-1]:
        place += len(tile)
        ends.append(min(range(1, len(texts)), key=lambda index: abs(starts[index] - place)))
    return ends


def even(document: Document) -> list[int]:
    """As many chapters as there really are, all of the same number of sentences."""
    parts = len(document.boundaries) + 1
    return [round(number * len(document.sentences) / parts) for number in range(1, parts)]


METHODS: dict[str, Method] = {"chapters step": chapters_step, "TextTiling": text_tiling, "even splits": even}


def score(document: Document, boundaries: Sequence[int]) -> tuple[float, float]:
    """Pk and WindowDiff."""
    pk, windowdiff = window_scores(document.boundaries, set(boundaries), len(document.sentences), "a sentence")
    assert pk.value is not None and windowdiff.value is not None
    return pk.value, windowdiff.value


def rows(name: str, documents: Sequence[Document]) -> Iterator[str]:
    """One line of the table per method; rates are means over documents."""
    true = sum(len(d.boundaries) + 1 for d in documents) / len(documents)
    for method, find in METHODS.items():
        found = [find(document) for document in documents]
        scores = [score(document, cut) for document, cut in zip(documents, found, strict=True)]
        chapters = sum(len(cut) + 1 for cut in found) / len(documents)
        means = [sum(values) / len(values) for values in zip(*scores, strict=True)]
        yield (
            f"| {name} | {len(documents)} | {method} | {means[0]:.3f} | {means[1]:.3f} | {chapters:.1f} / {true:.1f} |"
        )


def main() -> None:
    """Print the Markdown table of docs/text-steps.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("dev", "test"), action="append")
    parser.add_argument("--documents", type=int, default=40, help="how many documents to draw of each drawn kind")
    parser.add_argument("--data", type=Path, help="folder of real recordings with transcripts.tsv")
    arguments = parser.parse_args()
    print("| documents | number | method | Pk | WindowDiff | chapters found / true |\n|---|---|---|---|---|---|")
    splits: Sequence[Split] = arguments.split or ("dev", "test")
    for split in splits:
        print(*rows(f"meetings, {split}", list(meetings(split))), sep="\n")
        print(*rows(f"joined, {split}", list(joined(split, arguments.documents))), sep="\n")
    if arguments.data:
        print(*rows("recordings", list(recordings(arguments.data, arguments.documents))), sep="\n", flush=True)


if __name__ == "__main__":
    main()
