"""What scores cost: WER of many utterances beside jiwer called directly, and the suite asr beside the model's own time.

    python benchmarks/scoring.py [--utterances 10000] [--data FOLDER] [--model faster_whisper:tiny.en]

Utterances are drawn from the labelled dialogues and changed by a seeded hand. "Directly" is what a script would do:
both sides normalised by the same package, then one `jiwer.process_words`. The two are timed in turn, several rounds, in
seconds of this process's processor; the ratio is the median of the rounds'. With --data the recordings of
`benchmarks/quality.py` that have a text are transcribed, and the suite's time is told beside the model's; without it,
only how long the suite takes for two hours of speech.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from pathlib import Path
from statistics import median

import jiwer
from quality import Scorer, cases_of  # type: ignore[import-not-found]  # beside this file, which is run as a script
from whisper_normalizer.english import EnglishTextNormalizer

from modellab.datasets.reference import Reference
from modellab.metrics.normalisers import named
from modellab.metrics.suites import suite
from modellab.metrics.transcription import errors
from modellab.settings import Lab
from modellab.surfaces.results import Transcript, Utterance, Word
from modellab.text.dialogues import load_dialogues

ROUNDS = 5
WORDS_OF_TWO_HOURS = 20_000
_WORD_S = 0.35


def utterances(count: int) -> tuple[list[str], list[str]]:
    """References, and what a model might have made of them: one word in eight another, one in thirty missing."""
    draw = random.Random(1)
    turns = [text for split in ("dev", "test") for one in load_dialogues(split) for _, text in one.turns]
    words = [word for turn in turns for word in turn.split()]
    references = [f"{draw.choice(turns)} {number}" for number in range(count)]
    return references, [" ".join(_misheard(text.split(), words, draw)) for text in references]


def _misheard(said: Sequence[str], words: Sequence[str], draw: random.Random) -> list[str]:
    heard = [word for word in said if draw.random() > 1 / 30]
    return [draw.choice(words) if draw.random() < 1 / 8 else word for word in heard]


def processor_s(work: Callable[[], float | None]) -> tuple[float, float | None]:
    """Seconds of processor time, and what came of it."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def rates(references: Sequence[str], hypotheses: Sequence[str]) -> None:
    """WER of the utterances both ways, with and without Whisper's normaliser."""
    english = EnglishTextNormalizer()
    for name, normalise in (("none", str), ("english", english)):

        def directly(normalise: Callable[[str], str] = normalise) -> float:
            sides = [[normalise(text) for text in side] for side in (references, hypotheses)]
            return float(jiwer.process_words(*sides).wer)

        def ours(name: str = name) -> float | None:
            return reduce(add, errors(references, hypotheses, named(name))).value

        times = []
        for _ in range(ROUNDS):
            (theirs_s, theirs), (ours_s, value) = processor_s(directly), processor_s(ours)
            assert value is not None and theirs is not None and abs(value - theirs) < 1e-9
            times.append((theirs_s, ours_s))
        direct_s, own_s = (median(side) for side in zip(*times, strict=True))
        ratio = median(own / direct for direct, own in times)
        print(f"| {name} | {len(references):,} | {direct_s:.2f} | {own_s:.2f} | {ratio:.2f} |", flush=True)


def long_meeting(references: Sequence[str], hypotheses: Sequence[str]) -> float:
    """Seconds that the suite takes for two hours of speech with times and probabilities."""
    said, heard = (" ".join(side).split()[:WORDS_OF_TWO_HOURS] for side in (references, hypotheses))
    timed = [[Word(w, n * _WORD_S, (n + 1) * _WORD_S, 0.9) for n, w in enumerate(side)] for side in (said, heard)]
    reference = Reference("en", " ".join(said), words=timed[0])
    transcript = Transcript([Utterance(0.0, len(heard) * _WORD_S, " ".join(heard), timed[1])], len(heard) * _WORD_S)
    return processor_s(lambda: len(suite("asr").scores(reference, transcript)))[0]


def recordings(data: Path, model: str) -> None:
    """The suite's time beside the model's, over real recordings."""
    scoring_s = inference_s = audio_s = 0.0
    with tempfile.TemporaryDirectory() as home:
        settings = Lab.from_environment().settings.model_copy(update={"home": Path(home)})
        scorer = Scorer(Lab(settings), {"asr": model})
        for case in cases_of(data):
            if case.text is None:
                continue
            scored = scorer.score(case)
            if scored.transcript is None or "asr" not in scored.inference_s:
                continue
            began = time.perf_counter()
            suite("asr").scores(Reference("en", case.text, words=scored.transcript.words), scored.transcript)
            scoring_s += time.perf_counter() - began
            inference_s += scored.inference_s["asr"]
            audio_s += scored.duration_s
    share = 100 * scoring_s / inference_s
    print(f"{audio_s:.0f} s of audio: {model} {inference_s:.1f} s, suite asr {scoring_s:.2f} s ({share:.2f} %)")


def main() -> None:
    """Print the table of docs/metrics/README.md, and the suite's times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=10_000)
    parser.add_argument("--data", type=Path, help="folder of real recordings, as benchmarks/quality.py has it")
    parser.add_argument("--model", default="faster_whisper:tiny.en")
    arguments = parser.parse_args()
    said, heard = utterances(arguments.utterances)
    print("| normaliser | utterances | jiwer directly, s | Model Lab, s | ratio |\n|---|---|---|---|---|")
    rates(said, heard)
    print(f"suite asr, {WORDS_OF_TWO_HOURS:,} words: {long_meeting(said, heard):.1f} s")
    if arguments.data:
        recordings(arguments.data, arguments.model)


if __name__ == "__main__":
    main()
