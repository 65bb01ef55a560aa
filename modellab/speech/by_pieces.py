"""Speech of any length through a model that hears pieces of it: packed, heard in batches, put back into its time.

An adapter brings `hear`; all else is here, the same for every model:

    def transcribe(self, audio, speech, parameters, progress):
        asked = Asked.parse(self._name, parameters)
        language = asked.spoken(self._name, self._languages, detects=False)
        return transcribe_pieces(
            audio, speech, partial(self._hear, language), longest_s=30.0, pad_s=asked.speech_pad_ms / 1000,
            batch_size=asked.batch_size or self._batch_size, language=language, progress=progress,
        )

Needs no more than numpy, so that models in environments of their own can use it. For models of transformers there is
`models/_transformers`, on top of this.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from modellab.media.audio import Samples, Waveform
from modellab.speech.pieces import Piece, pack
from modellab.speech.word_times import NOTHING_KNOWN, estimated, measured
from modellab.surfaces.contracts import Progress
from modellab.surfaces.results import Segment, Transcript, Utterance, Word
from modellab.surfaces.translations import TranslatedUtterance, Translation


@dataclass(frozen=True, slots=True)
class Heard:
    """What a model wrote down of one piece."""

    text: str
    words: Sequence[Word] | None = None
    """In order, in seconds from the piece's start; None of a model that says when no word was said. Its text's words
    then get estimated times."""
    average_log_probability: float | None = None
    """Mean over the tokens, natural logarithm."""
    language: str | None = None
    """ISO 639-1 code, of a model that detects it."""
    cut_short: bool = False
    """Whether the model wrote more than anybody can say in that time, and was stopped."""


Hear = Callable[[Sequence[Samples], Progress], Sequence[Heard]]
"""What a model wrote down of each of a batch of pieces, shape `(samples,)` each. The progress is of the batch: called
now and then, it lets a long batch be stopped."""


def hear_pieces(
    audio: Waveform,
    speech: Sequence[Segment],
    hear: Hear,
    *,
    longest_s: float,
    pad_s: float,
    batch_size: int,
    progress: Progress,
    shortest_s: float = 0.0,
) -> list[tuple[Piece, Heard]]:
    """The pieces of the speech in a recording, each with what was heard in it.

    Args:
        speech: disjoint, in order.
        longest_s: length of the longest piece that the model hears well.
        pad_s: audio heard around each stretch of speech.
        shortest_s: a shorter piece is followed by silence up to this length.
    """
    pieces = pack(audio.samples, audio.sample_rate_hz, speech, pad_s=pad_s, longest_s=longest_s)
    total = sum(piece.samples for piece in pieces)
    shortest = int(shortest_s * audio.sample_rate_hz)
    heard: list[Heard] = []
    done = 0
    for start in range(0, len(pieces), batch_size):
        batch = pieces[start : start + batch_size]
        share = sum(piece.samples for piece in batch) / total
        sounds = [_at_least(piece.cut(audio.samples), shortest) for piece in batch]
        heard += hear(sounds, partial(_within, progress, done / total, share))
        done += sum(piece.samples for piece in batch)
        progress(done / total)
    return list(zip(pieces, heard, strict=True))


def transcribe_pieces(
    audio: Waveform,
    speech: Sequence[Segment],
    hear: Hear,
    *,
    longest_s: float,
    pad_s: float,
    batch_size: int,
    language: str | None,
    progress: Progress,
    shortest_s: float = 0.0,
) -> Transcript:
    """A transcript of the speech in a recording.

    Args:
        language: ISO 639-1 code of what is spoken; None: the one in which most was heard.

    The others are those of `hear_pieces`.
    """
    heard = hear_pieces(
        audio,
        speech,
        hear,
        longest_s=longest_s,
        pad_s=pad_s,
        batch_size=batch_size,
        progress=progress,
        shortest_s=shortest_s,
    )
    language = language or _most_heard(heard)
    found = [_utterances(piece, one, speech, language) for piece, one in heard]
    return Transcript(
        [utterance for utterances in found for utterance in utterances],
        audio.duration_s,
        language,
        cut_short=[piece.around for piece, one in heard if one.cut_short],
    )


def _at_least(samples: Samples, shortest: int) -> Samples:
    return samples if len(samples) >= shortest else np.pad(samples, (0, shortest - len(samples)))


def _within(progress: Progress, before: float, share: float, fraction: float) -> None:
    progress(before + share * fraction)


def translate_pieces(
    audio: Waveform,
    speech: Sequence[Segment],
    hear: Hear,
    *,
    longest_s: float,
    pad_s: float,
    batch_size: int,
    language: str | None,
    target: str,
    progress: Progress,
    shortest_s: float = 0.0,
) -> Translation:
    """A translation of the speech in a recording: an utterance for each piece, from its first speech to its last.

    Args:
        hear: gives texts in the target language.
        language: ISO 639-1 code of what is spoken; None where nobody knows.
        target: that of the texts.

    The others are those of `hear_pieces`.
    """
    heard = hear_pieces(
        audio,
        speech,
        hear,
        longest_s=longest_s,
        pad_s=pad_s,
        batch_size=batch_size,
        progress=progress,
        shortest_s=shortest_s,
    )
    utterances = []
    for piece, one in heard:
        if text := one.text.strip():
            spans = piece.only(speech).spans
            start_s, end_s = spans[0][0] / piece.sample_rate_hz, spans[-1][1] / piece.sample_rate_hz
            utterances.append(TranslatedUtterance(start_s, end_s, text))
    return Translation(utterances, audio.duration_s, target, language)


def _most_heard(heard: Sequence[tuple[Piece, Heard]]) -> str | None:
    """Of equally much the first by name."""
    samples = Counter[str]()
    for piece, one in heard:
        if one.language and one.text.strip():
            samples[one.language] += piece.samples
    return min(samples, key=lambda code: (-samples[code], code), default=None)


def _utterances(piece: Piece, heard: Heard, speech: Sequence[Segment], language: str | None) -> list[Utterance]:
    other = heard.language if heard.language != language else None
    about = replace(NOTHING_KNOWN, average_log_probability=heard.average_log_probability, language=other)
    if heard.words is None:
        return estimated(piece, heard.text, speech, about)
    return measured(piece, heard.words, about)
