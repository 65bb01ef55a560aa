"""Synthesised speech: whether a recogniser hears the words that were to be said, DNSMOS, health, speed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from modellab.datasets.reference import Reference
from modellab.media.audio import Waveform
from modellab.metrics.normalisers import normaliser_for
from modellab.metrics.opinion import NAMES, RATE_HZ, opinion
from modellab.metrics.piecewise import Tally
from modellab.metrics.score import Score
from modellab.metrics.sounds import HeldSound, pieces, spread
from modellab.metrics.synthesis import AsMade, health, real_time_factor
from modellab.metrics.transcription import character_errors, transcription_error

HEARD = ("roundtrip_wer", "roundtrip_cer")
HEALTH = ("clipped_share", "silence_share", "non_finite_share", "implausible_length")
METRICS: tuple[str, ...] = (*HEARD, *NAMES, *HEALTH, "rtf")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser heard of synthesised speech."""

    text: str
    recogniser: str
    """Which: figures by another one are not comparable."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What a synthesis took."""

    processing_s: float
    protocol: str
    """Device, CPU, threads, batch, compute type, cold or warm."""


def scores(
    reference: Reference,
    sound: Waveform,
    *,
    made: AsMade | None = None,
    heard: Heard | None = None,
    speed: Speed | None = None,
) -> list[Score]:
    """What a voice made of a prompt; nothing where the reference has no prompt.

    Args:
        made: what was counted when it was made; left out: the sound is as the voice made it.
        heard: what a recogniser made of it; left out: no round trip.
        speed: left out: no real-time factor.
    """
    if reference.prompt is None:
        return []
    return [
        *(_round_trip(reference.prompt, heard, reference.language) if heard is not None else ()),
        *_opinions(sound),
        *health(reference.prompt, sound, made),
        *([real_time_factor(speed.processing_s, sound.duration_s, speed.protocol)] if speed is not None else []),
    ]


def _opinions(sound: Waveform) -> list[Score]:
    held, tally = HeldSound(sound), Tally(opinion(sound.sample_rate_hz))
    every = pieces(sound.duration_s)
    for piece in (every[number] for number in spread(len(every))):
        samples = held.waveform(RATE_HZ, piece.start_s, piece.end_s).samples
        if samples.any():
            tally.add(samples, samples)
        else:
            tally.leave_out("it is silent")
    return tally.scores()


def _round_trip(prompt: str, heard: Heard, language: str | None) -> Iterator[Score]:
    """WER where words are parted by spaces, CER everywhere."""
    normaliser = normaliser_for(language)
    said, found = normaliser.tokens(prompt), normaliser.tokens(heard.text)
    errors = [character_errors(said, found, normaliser)]
    if normaliser.unit == "word":
        errors.insert(0, transcription_error(prompt, heard.text, language))
    for score in errors:
        name, protocol = f"roundtrip_{score.metric.name}", f"{score.metric.protocol}, heard by {heard.recogniser}"
        yield replace(score, metric=replace(score.metric, name=name, protocol=protocol))
