"""Enhancement: PESQ, STOI, ESTOI, SI-SDR and DNSMOS, each of what the step heard, of what it gave, and the difference.

`pesq` is the figure of what enhancement gave, `pesq_before` that of what it was given, `pesq_gain` the one less the
other; so for each. All compare mono at one rate: 16 kHz, or 8 kHz where the recording has less than 16. Nothing is
moved in time: the step keeps every sample in its place, the clean recording must be in place too, and PESQ alone takes
out delays by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from modellab.datasets.reference import Reference, ReferenceSound
from modellab.media.audio import Samples
from modellab.metrics.distortion import SiSdr, si_sdr_metric
from modellab.metrics.intelligibility import intelligibility
from modellab.metrics.mean import gain, named
from modellab.metrics.opinion import NAMES, RATE_HZ, opinion
from modellab.metrics.piecewise import Measure, NotComputable, Tally
from modellab.metrics.score import Score
from modellab.metrics.sounds import Opener, Sound, pieces, power, spread
from modellab.metrics.speech_quality import speech_quality
from modellab.surfaces.results import Segment

WITH_REFERENCE = ("pesq", "stoi", "estoi", "si_sdr")
"""Metrics that need the clean recording."""
METRICS: tuple[str, ...] = tuple(
    f"{name}{suffix}" for name in (*WITH_REFERENCE, *NAMES) for suffix in ("", "_before", "_gain")
)
WIDE_BAND_HZ, NARROW_BAND_HZ = 16_000, 8_000
_MOST_APART_S = 0.05
"""By which lengths may differ: codecs fill up their last frame."""
_NO_SPEECH = 1e-4
"""A piece whose clean sound is 40 dB below that of the loudest piece holds no speech: STOI's own range of speech."""


def rate_of(source_rate_hz: int) -> int:
    """Rate at which a recording's sound is compared: wide band, or narrow band where it was recorded so."""
    return WIDE_BAND_HZ if source_rate_hz >= WIDE_BAND_HZ else NARROW_BAND_HZ


def scores(reference: Reference, before: Sound, after: Sound, *, source_rate_hz: int, opened: Opener) -> list[Score]:
    """What enhancement did to one recording; without a clean recording DNSMOS alone.

    Args:
        before: what the step was given.
        after: what it gave.
        source_rate_hz: of the recording's file.
        opened: gives the clean recording.
    """
    compared = [] if reference.clean is None else against_clean(reference.clean, before, after, source_rate_hz, opened)
    return [*compared, *opinions(before, after, source_rate_hz)]


def opinions(before: Sound, after: Sound, source_rate_hz: int) -> list[Score]:
    """DNSMOS, of all pieces but those in which the recording is digital silence."""
    pair = _Pair.of(opinion(source_rate_hz))
    every = pieces(min(before.duration_s, after.duration_s))
    for piece in (every[number] for number in spread(len(every))):
        heard = _samples(before, piece, RATE_HZ)
        if heard.any():
            pair.add(heard, heard, _samples(after, piece, RATE_HZ))
        else:
            pair.leave_out("the recording is silent")
    return pair.scores()


def against_clean(
    clean_sound: ReferenceSound, before: Sound, after: Sound, source_rate_hz: int, opened: Opener
) -> list[Score]:
    """PESQ, STOI, ESTOI and SI-SDR; the first three of pieces in which there is speech."""
    rate_hz = rate_of(source_rate_hz)
    measures = [speech_quality(rate_hz), intelligibility(rate_hz), intelligibility(rate_hz, extended=True)]
    ratio = si_sdr_metric(f"{rate_hz // 1000} kHz, mono")
    try:
        clean = opened(clean_sound)
        _check_lengths(clean, before, after)
    except NotComputable as error:
        metrics = [metric for measure in measures for metric in measure.metrics]
        failed = (Score(metric, {}, str(error)) for metric in [*metrics, ratio])
        return [one for score in failed for one in _three(score, score)]
    pairs = [_Pair.of(measure) for measure in measures]
    sums_before, sums_after = SiSdr(), SiSdr()
    every = pieces(min(clean.duration_s, before.duration_s, after.duration_s))
    looked_at = set(spread(len(every)))
    powers = [power(_samples(clean, piece, rate_hz)) for piece in every]
    for number, piece in enumerate(every):
        of_clean, of_before, of_after = (_samples(one, piece, rate_hz) for one in (clean, before, after))
        length = min(map(len, (of_clean, of_before, of_after)))
        of_clean, of_before, of_after = of_clean[:length], of_before[:length], of_after[:length]
        sums_before.add(of_clean, of_before)
        sums_after.add(of_clean, of_after)
        for pair in pairs if number in looked_at else []:
            if powers[number] <= _NO_SPEECH * max(powers):
                pair.leave_out("the clean recording is silent")
            else:
                pair.add(of_clean, of_before, of_after)
    ratios = _three(sums_before.score(ratio, rate_hz), sums_after.score(ratio, rate_hz))
    return [*(score for pair in pairs for score in pair.scores()), *ratios]


@dataclass(slots=True)
class _Pair:
    """One measure of both sounds."""

    before: Tally
    after: Tally

    @classmethod
    def of(cls, measure: Measure) -> "_Pair":
        return cls(Tally(measure), Tally(measure))

    def add(self, clean: Samples, before: Samples, after: Samples) -> None:
        self.before.add(clean, before)
        self.after.add(clean, after)

    def leave_out(self, why: str) -> None:
        self.before.leave_out(why)
        self.after.leave_out(why)

    def scores(self) -> list[Score]:
        both = zip(self.before.scores(), self.after.scores(), strict=True)
        return [score for before, after in both for score in _three(before, after)]


def _three(before: Score, after: Score) -> Iterator[Score]:
    yield after
    yield named(before, f"{before.metric.name}_before")
    yield gain(before, after)


def _samples(sound: Sound, piece: Segment, rate_hz: int) -> Samples:
    return sound.waveform(rate_hz, piece.start_s, piece.end_s).samples


def _check_lengths(clean: Sound, before: Sound, after: Sound) -> None:
    """Raises NotComputable where samples can't be compared one with one."""
    for name, other in (("clean recording", clean), ("enhanced audio", after)):
        if abs(other.duration_s - before.duration_s) > _MOST_APART_S:
            raise NotComputable(
                f"the {name} is {other.duration_s:.2f} s long and the recording {before.duration_s:.2f} s"
            )
