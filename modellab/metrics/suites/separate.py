"""Separation: SDR, SIR and SAR by BSS Eval, and SI-SDR of the stems and of the mixture they were taken from.

Each is the mean over the stems, and its components hold every stem's own (`stem_vocals_db`). All compare mono, at the
rate of the separated audio. Nothing is moved in time. A stem is judged where it sounds: in pieces within 40 dB of its
loudest.
"""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from modellab.datasets.reference import Reference
from modellab.metrics.distortion import MOST_DB, SCORER_VERSION, SiSdr
from modellab.metrics.libraries import absent
from modellab.metrics.mean import gain, named
from modellab.metrics.piecewise import NotComputable
from modellab.metrics.score import Metric, Score
from modellab.metrics.separation import (
    RATIOS,
    Match,
    Sources,
    bss_eval,
    match,
    over_stems,
    over_stems_score,
    ratio_metrics,
)
from modellab.metrics.sounds import PIECE_S, Opener, Sound, pieces, power, spread
from modellab.surfaces.results import Segment

METRICS: tuple[str, ...] = (*RATIOS, "si_sdr", "si_sdr_before", "si_sdr_gain")
_MOST_PIECES = 18
"""Three minutes: BSS Eval of four stems takes most of a second for each second of music."""
_SILENT = 1e-4
"""40 dB below its loudest piece a stem does not sound."""
_MOST_APART_S = 0.05


def scores(
    reference: Reference, mixture: Sound, found: Mapping[str, Sound], *, rate_hz: int, opened: Opener
) -> list[Score]:
    """How well the stems of one recording were told apart; nothing where the reference has none.

    Args:
        mixture: what was taken apart.
        found: name of a stem -> what the model made of it.
        rate_hz: of the separated audio.
        opened: gives a stem of the reference.
    """
    if not reference.stems:
        return []
    where = f"{rate_hz / 1000:g} kHz, mono"
    try:
        true = {name: opened(sound) for name, sound in sorted(reference.stems.items())}
        _check_lengths(mixture, true, found)
        similarity = _Similarity(true, found, mixture, rate_hz)
        matched = match(list(true), list(found), similarity.between)
    except NotComputable as error:
        stems = sorted(reference.stems)
        metrics = [*ratio_metrics(_ratios_where(where, "not matched"), stems).values(), _si_sdr(where, "", stems)]
        failed = {metric.name: Score(metric, {}, str(error)) for metric in metrics}
        return [*(failed[name] for name in RATIOS), *_three(failed["si_sdr"], failed["si_sdr"])]
    return [*_ratios(true, found, matched, rate_hz, where), *similarity.scores(matched, where)]


def _ratios_where(where: str, how: str) -> str:
    return f"BSS Eval of 512 taps, {where}, {how}, pieces of {PIECE_S} s, at most {_MOST_PIECES}"


def _si_sdr(where: str, how: str, stems: list[str]) -> Metric:
    protocol = f"{where}, {how}, whole recording, mean kept, within {MOST_DB:g} dB"
    return over_stems("si_sdr", protocol, stems, SCORER_VERSION)


def _three(before: Score, after: Score) -> list[Score]:
    return [after, named(before, f"{before.metric.name}_before"), gain(before, after)]


def _check_lengths(mixture: Sound, true: Mapping[str, Sound], found: Mapping[str, Sound]) -> None:
    """Raises NotComputable where samples can't be compared one with one."""
    for kind, sounds in (("reference", true), ("model", found)):
        for name, sound in sounds.items():
            if abs(sound.duration_s - mixture.duration_s) > _MOST_APART_S:
                raise NotComputable(
                    f"the {kind}'s stem {name} is {sound.duration_s:.2f} s long and the recording "
                    f"{mixture.duration_s:.2f} s"
                )


def _read(sounds: Mapping[str, Sound], names: list[str], piece: Segment, rate_hz: int) -> Sources:
    """Shape `(names, samples)`, of the samples that all have."""
    waves = [sounds[name].waveform(rate_hz, piece.start_s, piece.end_s).samples for name in names]
    length = min(map(len, waves))
    return np.stack([wave[:length] for wave in waves]).astype(np.float64)


def _shortest_s(*kinds: Mapping[str, Sound]) -> float:
    return min(sound.duration_s for sounds in kinds for sound in sounds.values())


class _Similarity:
    """SI-SDR of every true stem and every one found, and of the mixture, read once, piece by piece."""

    def __init__(self, true: Mapping[str, Sound], found: Mapping[str, Sound], mixture: Sound, rate_hz: int) -> None:
        self._sums: defaultdict[tuple[str, str | None], SiSdr] = defaultdict(SiSdr)
        """True stem, and the one found or None for the mixture -> sums."""
        mixed = {"": mixture}
        for piece in pieces(_shortest_s(true, found, mixed)):
            sounds = {"true": true, "found": found, "mixed": mixed}
            read = {kind: _read(each, list(each), piece, rate_hz) for kind, each in sounds.items()}
            length = min(sources.shape[1] for sources in read.values())
            for name, of_true in zip(true, read["true"], strict=True):
                self._sums[name, None].add(of_true[:length], read["mixed"][0][:length])
                for other, of_found in zip(found, read["found"], strict=True):
                    self._sums[name, other].add(of_true[:length], of_found[:length])

    @property
    def between(self) -> Mapping[tuple[str, str], float]:
        """True stem and one found -> SI-SDR; -100 dB where there is none."""
        return {
            (name, other): -MOST_DB if sums.error else sums.value_db
            for (name, other), sums in self._sums.items()
            if other is not None
        }

    def scores(self, matched: Match, where: str) -> list[Score]:
        metric = _si_sdr(where, matched.how, list(matched.pairs))
        judged = {true: other for true, other in matched.pairs.items() if self._sums[true, None].clean}
        errors = {f"{true}: {e}" for true, other in judged.items() if (e := self._sums[true, other].error)}
        if not errors:
            found = {true: self._sums[true, other].value_db for true, other in judged.items()}
            after = over_stems_score(metric, matched.pairs, found)
        else:
            after = Score(metric, {}, "; ".join(sorted(errors)))
        mixed = {true: self._sums[true, None] for true in judged}
        if any(sums.error for sums in mixed.values()):
            before = Score(metric, {}, "the recording is silent")
        else:
            before = over_stems_score(metric, matched.pairs, {true: sums.value_db for true, sums in mixed.items()})
        return _three(before, after)


def _ratios(
    true: Mapping[str, Sound], found: Mapping[str, Sound], matched: Match, rate_hz: int, where: str
) -> list[Score]:
    """SDR, SIR and SAR: of each stem the mean over the pieces in which it sounds."""
    names = list(matched.pairs)
    metrics = ratio_metrics(_ratios_where(where, matched.how), names)
    if error := absent("mir_eval"):
        return [Score(metric, {}, error) for metric in metrics.values()]
    every = pieces(_shortest_s(true, found))
    looked_at = [every[number] for number in spread(len(every), _MOST_PIECES)]
    powers = np.array([[power(row) for row in _read(true, names, piece, rate_hz)] for piece in looked_at])
    sounding = powers > _SILENT * powers.max(axis=0)
    figures: dict[str, defaultdict[str, list[float]]] = {name: defaultdict(list) for name in RATIOS}
    for piece, sounds in zip(looked_at, sounding, strict=True):
        here = [name for name, one in zip(names, sounds, strict=True) if one]
        if not here:
            continue
        of_true = _read(true, here, piece, rate_hz)
        of_found = _read({name: found[matched.pairs[name]] for name in here}, here, piece, rate_hz)
        length = min(of_true.shape[1], of_found.shape[1])
        try:
            if not np.isfinite(of_found).all():
                raise NotComputable("it holds samples that are no numbers")
            judged = bss_eval(of_true[:, :length], of_found[:, :length])
        except NotComputable as error:
            return [Score(metric, {}, f"at {piece.start_s:g} s: {error}") for metric in metrics.values()]
        for ratio, values in judged.items():
            for name, value in zip(here, values, strict=True):
                figures[ratio][name].append(value)
    return [_mean(metrics[ratio], names, figures[ratio], sounding) for ratio in RATIOS]


def _mean(metric: Metric, names: list[str], figures: Mapping[str, list[float]], sounding: Sources) -> Score:
    if not figures and metric.name == "sir" and sounding.any():
        return Score(metric, {}, "no two stems sound at once: there is no interference to measure")
    counts = {"pieces": float(sounding.any(axis=1).sum()), "left_out": float((~sounding.any(axis=1)).sum())}
    return over_stems_score(metric, names, {name: float(np.mean(values)) for name, values in figures.items()}, counts)
