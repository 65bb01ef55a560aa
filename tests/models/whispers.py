"""What every Whisper must hear in the two-speaker sample, and when."""

from itertools import pairwise

from modellab.media.audio import Waveform
from modellab.surfaces.results import Segment, Transcript

RATE = 16_000
_TO_S = 14.0
SPEECH = [Segment(6.4, 13.9)]
SAID = (("know", 9.2), ("there", 9.6), ("new", 13.6), ("jersey", 13.7))
"""Words that each of them gets, and about when they begin: "I didn't know you were there.", "in New Jersey." """


def new_jersey(sample: Waveform) -> Waveform:
    """The first 14 s of the sample; `SPEECH` is where people speak in it."""
    return Waveform(sample.samples[: int(_TO_S * RATE)].copy(), RATE)


def assert_new_jersey_is_heard(found: Transcript, *, within_s: float = 0.4) -> None:
    """Words that every Whisper gets, at their times; words in order and inside the audio, with probabilities."""
    words = found.words
    plain = [word.text.lower().strip(".,?!") for word in words]
    for text, start_s in SAID:
        assert text in plain, found.text
        assert abs(words[plain.index(text)].start_s - start_s) <= within_s, (text, words[plain.index(text)])
    assert all(0.0 <= word.start_s <= word.end_s <= found.duration_s for word in words)
    assert all(before.end_s <= after.start_s + 1e-6 for before, after in pairwise(words))
    assert all(word.probability is not None and 0.0 < word.probability <= 1.0 for word in words)
    assert not any(word.estimated for word in words)
    assert all(u.average_log_probability is not None and u.average_log_probability < 0 for u in found.utterances)
